#version 460
#extension GL_GOOGLE_include_directive : require
// Log-probabilities of the token just chosen and of the likeliest ones, from what log_probabilities_slice left. One workgroup for each
// choice, whose invocations take slices in turn.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "log_probabilities.glsl"
#include "reductions.glsl"
#include "sample/choice.glsl"

layout(set = 0, binding = 1, std430) readonly buffer Slices { Slice all_slices[]; };

// An entry per step, at its index modulo RING_SIZE.
struct Entry {
    uint chosen; // a float
    uint tokens[MAX_ALTERNATIVES];
    float values[MAX_ALTERNATIVES];
};
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer Entries { Entry of_step[RING_SIZE]; };

const uint MAX_SLICES = 256;

uint slice_count() {
    return (push.vocabSize + SLICE_SIZE - 1) / SLICE_SIZE;
}

#define slices(i) all_slices[choice_row() * slice_count() + (i)]

// The rank of each slice's likeliest token not taken yet.
shared uint next[MAX_SLICES];

bool has_next(uint slice) {
    return next[slice] < state.alternatives && slices(slice).tokens[next[slice]] != NO_TOKEN;
}

void main() {
    if (!has_choice()) return;
    uint count = slice_count();
    uint first = gl_LocalInvocationID.x;
    float largest = EXCLUDED;
    for (uint slice = first; slice < count; slice += gl_WorkGroupSize.x) {
        next[slice] = 0u;
        largest = max(largest, slices(slice).largest);
    }
    largest = workgroup_max(largest);
    float sum = 0.0;
    for (uint slice = first; slice < count; slice += gl_WorkGroupSize.x) {
        float own = slices(slice).largest;
        if (slices(slice).sum > 0.0) sum += slices(slice).sum * (own == largest ? 1.0 : exp(own - largest));
    }
    float normalizer = log(workgroup_sum(sum));
    // The samplers have moved the step index on.
    uint entry = (state.step_index - 1u) % RING_SIZE;
    if (first == 0) {
        const float logit = known_logit(Words(choice.logits).values[state.token_id]);
        Entries(choice.entries).of_step[entry].chosen =
            logit == EXCLUDED ? NEGATIVE_INFINITY : floatBitsToUint((logit == largest ? 0.0 : logit - largest) - normalizer);
    }
    for (uint rank = 0; rank < state.alternatives; rank++) {
        float best = EXCLUDED;
        float at = -float(MAX_SLICES); // negated, so that the largest is the lowest slice
        for (uint slice = first; slice < count; slice += gl_WorkGroupSize.x) {
            if (has_next(slice) && slices(slice).logits[next[slice]] > best) {
                best = slices(slice).logits[next[slice]];
                at = -float(slice);
            }
        }
        float top = workgroup_max(best);
        // Slices are in the order of ids: among equals the lowest slice has the lowest id.
        uint winner = uint(-workgroup_max(best == top ? at : -float(MAX_SLICES)));
        if (winner < count && winner % gl_WorkGroupSize.x == first) {
            Entries(choice.entries).of_step[entry].tokens[rank] = slices(winner).tokens[next[winner]];
            Entries(choice.entries).of_step[entry].values[rank] = (top == largest ? 0.0 : top - largest) - normalizer;
            next[winner]++;
        } else if (winner >= count && first == 0) {
            Entries(choice.entries).of_step[entry].tokens[rank] = NO_TOKEN;
        }
    }
}
