#version 460
#extension GL_GOOGLE_include_directive : require
// Log-probabilities of the token just chosen and of the likeliest ones, from what log_probabilities_slice left. One workgroup,
// whose invocations take slices in turn.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "log_probabilities.glsl"
#include "reductions.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Logits { float logits[]; };
#define STEP_STATE_BINDING 1
#include "step_state.glsl"
layout(set = 0, binding = 2, std430) readonly buffer Slices { Slice slices[]; };

// An entry per step, at its index modulo RING_SIZE.
struct Entry {
    float chosen;
    uint tokens[MAX_ALTERNATIVES];
    float values[MAX_ALTERNATIVES];
};
layout(set = 0, binding = 3, std430) writeonly buffer Entries { Entry entries[]; };

#define LEAST uintBitsToFloat(0xFF800000u) // -Inf

const uint MAX_SLICES = 256;

// The rank of each slice's likeliest token not taken yet.
shared uint next[MAX_SLICES];

bool has_next(uint slice) {
    return next[slice] < state.alternatives && slices[slice].tokens[next[slice]] != NO_TOKEN;
}

void main() {
    uint count = (push.vocabSize + SLICE_SIZE - 1) / SLICE_SIZE;
    uint first = gl_LocalInvocationID.x;
    float largest = LEAST;
    for (uint slice = first; slice < count; slice += gl_WorkGroupSize.x) {
        next[slice] = 0u;
        largest = max(largest, slices[slice].largest);
    }
    largest = workgroup_max(largest);
    float sum = 0.0;
    for (uint slice = first; slice < count; slice += gl_WorkGroupSize.x) {
        float own = slices[slice].largest;
        if (slices[slice].sum > 0.0) sum += slices[slice].sum * (own == largest ? 1.0 : exp(own - largest));
    }
    float normalizer = log(workgroup_sum(sum));
    // The samplers have moved the step index on.
    uint entry = (state.step_index - 1u) % RING_SIZE;
    if (first == 0) {
        float logit = logits[state.token_id];
        entries[entry].chosen = (logit == largest ? 0.0 : logit - largest) - normalizer;
    }
    for (uint rank = 0; rank < state.alternatives; rank++) {
        float best = LEAST;
        float at = -float(MAX_SLICES); // negated, so that the largest is the lowest slice
        for (uint slice = first; slice < count; slice += gl_WorkGroupSize.x) {
            if (has_next(slice) && slices[slice].logits[next[slice]] > best) {
                best = slices[slice].logits[next[slice]];
                at = -float(slice);
            }
        }
        float top = workgroup_max(best);
        // Slices are in the order of ids: among equals the lowest slice has the lowest id.
        uint winner = uint(-workgroup_max(best == top ? at : -float(MAX_SLICES)));
        if (winner < count && winner % gl_WorkGroupSize.x == first) {
            entries[entry].tokens[rank] = slices[winner].tokens[next[winner]];
            entries[entry].values[rank] = (top == largest ? 0.0 : top - largest) - normalizer;
            next[winner]++;
        } else if (winner >= count && first == 0) {
            entries[entry].tokens[rank] = NO_TOKEN;
        }
    }
}
