// Matrices of experts, one behind the other, of which a token goes to some. A shader that takes them defines HAS_EXPERTS and the constant
// EXPERTS, how many these are (0: the weights are one matrix), before gemv.glsl; where their products are one sum, with their weights as
// factors, also EXPERTS_ARE_SUMMED.
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
