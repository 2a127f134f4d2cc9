#version 460
#extension GL_GOOGLE_include_directive : require
// y[token] += the sum of the outputs of the token's experts, times their weights; or that sum alone.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool ACCUMULATE = true;

#include "push/combine.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Outputs { float outputs[]; }; // [SeqLen][used][stride]
layout(set = 0, binding = 1, std430) readonly buffer Weights { float weights[]; }; // [SeqLen][used]
layout(set = 0, binding = 2, std430) buffer Output { float y[]; };

void main() {
    uint column = gl_GlobalInvocationID.x;
    uint token = gl_WorkGroupID.y;
    if (column >= push.width) {
        return;
    }
    float sum = 0.0;
    for (uint i = 0; i < push.used; i++) {
        uint pair = token * push.used + i;
        sum += weights[pair] * outputs[pair * push.stride + column];
    }
    const uint at = token * push.stride + column;
    y[at] = ACCUMULATE ? y[at] + sum : sum;
}
