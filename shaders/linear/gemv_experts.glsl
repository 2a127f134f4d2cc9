// Matrices of experts, one behind the other, of which a token goes to some. A shader that takes them defines HAS_EXPERTS and, before
// gemv.glsl, the constants EXPERTS, how many these are (0: the weights are one matrix), and EXPERTS_ARE_SUMMED, whether their products are
// one sum, with their weights as factors. Else the elements of one lie behind those of another, padded as the next product takes them.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#include "push/gemv.glsl"

layout(buffer_reference, std430, buffer_reference_align = 4) readonly coherent buffer ChosenExperts { uint experts[]; };
layout(buffer_reference, std430, buffer_reference_align = 4) readonly coherent buffer ExpertWeights { float weights[]; };

uint expert_of(uint rank) {
    return ChosenExperts(uvec2(push.chosen_low, push.chosen_high)).experts[rank];
}

float weight_of(uint rank) {
    return ExpertWeights(uvec2(push.weights_low, push.weights_high)).weights[rank];
}

uint expert_width() {
    return push.next_columns / EXPERTS;
}

// The row of an element in the matrices, of experts that are not summed.
uint expert_row(uint item) {
    const uint rank = item / expert_width();
    return expert_of(rank) * push.expert_rows + min(item - rank * expert_width(), push.expert_rows - 1);
}

bool is_padding(uint item) {
    return item % expert_width() >= push.expert_rows;
}
