#version 460
#extension GL_GOOGLE_include_directive : require
// The experts that each token goes to: those with the greatest of the router's logits, the earlier of two equal ones, and
// the softmax of their logits as weights. One workgroup per token.
layout(local_size_x_id = 0) in;

#include "push/route.glsl"
#include "reductions.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Logits { float logits[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Experts { uint chosen[]; }; // [SeqLen][used]
layout(set = 0, binding = 2, std430) buffer Weights { float weights[]; };         // likewise

const float LOWEST = -3.0e38;

void main() {
    uint from = gl_WorkGroupID.x * push.stride;
    uint to = gl_WorkGroupID.x * push.used;
    bool writes = gl_LocalInvocationID.x == 0;
    float last = -LOWEST;
    int last_index = -1;
    float greatest = 0.0;
    float sum = 0.0;
    for (uint i = 0; i < push.used; i++) {
        // The greatest logit behind the last one, then the first expert that has it.
        float best = LOWEST;
        for (uint e = gl_LocalInvocationID.x; e < push.experts; e += gl_WorkGroupSize.x) {
            float logit = logits[from + e];
            if (logit < last || (logit == last && int(e) > last_index)) best = max(best, logit);
        }
        best = workgroup_max(best);
        float first = -float(push.experts);
        for (uint e = gl_LocalInvocationID.x; e < push.experts; e += gl_WorkGroupSize.x) {
            if (logits[from + e] == best && (best < last || int(e) > last_index)) first = max(first, -float(e));
        }
        // A logit that is no number has no place in the order; the index stays inside all the same.
        int index = min(int(-workgroup_max(first)), int(push.experts) - 1);
        if (i == 0) greatest = best;
        float weight = exp(best - greatest);
        sum += weight;
        if (writes) {
            chosen[to + i] = uint(index);
            weights[to + i] = weight;
        }
        last = best;
        last_index = index;
    }
    if (writes) {
        for (uint i = 0; i < push.used; i++) weights[to + i] /= sum;
    }
}
