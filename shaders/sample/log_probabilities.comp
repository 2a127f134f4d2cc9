#version 460
#extension GL_GOOGLE_include_directive : require
// Log-probabilities of the token just chosen and of the likeliest ones, from what log_probabilities_slice left. One workgroup,
// one invocation per slice: 128 slices are the largest vocabulary that the samplers take.
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

void main() {
    uint count = (push.vocabSize + SLICE_SIZE - 1) / SLICE_SIZE;
    uint slice = gl_LocalInvocationID.x;
    bool has = slice < count;
    float largest = workgroup_max(has ? slices[slice].largest : LEAST);
    float sum = 0.0;
    if (has && slices[slice].sum > 0.0) {
        float own = slices[slice].largest;
        sum = slices[slice].sum * (own == largest ? 1.0 : exp(own - largest));
    }
    float normalizer = log(workgroup_sum(sum));
    // The samplers have moved the step index on.
    uint entry = (state.step_index - 1u) % RING_SIZE;
    uint next = 0u; // the rank of the slice's likeliest token not taken yet
    if (slice == 0) {
        float logit = logits[state.token_id];
        entries[entry].chosen = (logit == largest ? 0.0 : logit - largest) - normalizer;
    }
    for (uint rank = 0; rank < state.alternatives; rank++) {
        bool any = has && next < state.alternatives && slices[slice].tokens[next] != NO_TOKEN;
        float logit = any ? slices[slice].logits[next] : LEAST;
        float top = workgroup_max(logit);
        // Slices are in the order of ids: among equals the lowest slice has the lowest id.
        uint winner = uint(-workgroup_max(any && logit == top ? -float(slice) : -128.0));
        if (slice == winner) {
            entries[entry].tokens[rank] = slices[slice].tokens[next];
            entries[entry].values[rank] = (logit == largest ? 0.0 : logit - largest) - normalizer;
            next++;
        } else if (winner == 128u && slice == 0) {
            entries[entry].tokens[rank] = NO_TOKEN;
        }
    }
}
