// Merges the splits of decode attention: one workgroup per query head.
#version 460
#define STEP_STATE_BINDING 1
#include "step_state.glsl"
#include "push/attention_decode.glsl"
#include "attention_splits.glsl"
#include "online_softmax.glsl"

layout(local_size_x_id = 0) in;

layout(set = 0, binding = 0) readonly buffer PartialBuffer { float partials[]; };
layout(set = 0, binding = 2) writeonly buffer OutputBuffer { float attended[]; }; // [num_heads][head_dim]

void main() {
    const uint head = gl_WorkGroupID.x;
    const uint splits = active_splits(visible_keys());
    OnlineSoftmax softmax = softmax_empty();
    for (uint s = 0; s < splits; s++) softmax.maximum = max(softmax.maximum, partials[partial_softmax(head, s)]);
    for (uint s = 0; s < splits; s++) {
        uint index = partial_softmax(head, s);
        softmax.sum += partials[index + 1] * exp2(partials[index] - softmax.maximum);
    }
    for (uint i = gl_LocalInvocationIndex; i < p.head_dim; i += gl_WorkGroupSize.x) {
        float value = 0.0;
        for (uint s = 0; s < splits; s++) {
            value += partials[partial_output(head, s) + i] * exp2(partials[partial_softmax(head, s)] - softmax.maximum);
        }
        attended[head * p.head_dim + i] = value / softmax.sum;
    }
}
