#version 450
#extension GL_GOOGLE_include_directive : require
// One workgroup per row of [SeqLen, Width]:
//   RMSNorm    y = x / sqrt(mean(x²) + eps) * gain                         (Zhang & Sennrich 2019)
//   LayerNorm  y = (x - mean(x)) / sqrt(var(x) + eps) * gain + shift       (Ba et al. 2016)
// ACCUMULATE: y += that, for norms behind a layer, before its residual connection.
// OUTPUT_F16: y is written as float16 for the matrix units. Two columns per step, so that both fit one uint.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool LAYER_NORM = false;
layout(constant_id = 2) const bool ACCUMULATE = false;

#include "push/norm.glsl"
#include "reductions.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) readonly buffer Gain { float gain[]; };
#ifdef OUTPUT_F16
#include "half_pair.glsl"
layout(set = 0, binding = 2, std430) writeonly buffer Output { uint y[]; };
#else
layout(set = 0, binding = 2, std430) buffer Output { float y[]; };
#endif
layout(set = 0, binding = 3, std430) readonly buffer Shift { float shift[]; };

float mean = 0.0;
float scale;

float normed(uint from, uint i) {
    float value = (x[from + i] - mean) * scale * gain[i];
    return LAYER_NORM ? value + shift[i] : value;
}

void main() {
    uint row = gl_WorkGroupID.x;
    uint from = row * push.inputStride;
    if (LAYER_NORM) {
        float sum = 0.0;
        for (uint i = gl_LocalInvocationID.x; i < push.width; i += gl_WorkGroupSize.x) {
            sum += x[from + i];
        }
        mean = workgroup_sum(sum) / float(push.width);
    }
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < push.width; i += gl_WorkGroupSize.x) {
        float value = x[from + i] - mean;
        squares += value * value;
    }
    scale = inversesqrt(workgroup_sum(squares) / float(push.width) + push.epsilon);

    uint to = row * push.outputStride;
#ifdef OUTPUT_F16
    for (uint i = 2 * gl_LocalInvocationID.x; i < push.width; i += 2 * gl_WorkGroupSize.x) {
        y[(to + i) / 2] = half_pair(vec2(normed(from, i), i + 1 < push.width ? normed(from, i + 1) : 0.0));
    }
#else
    for (uint i = gl_LocalInvocationID.x; i < push.width; i += gl_WorkGroupSize.x) {
        y[to + i] = ACCUMULATE ? y[to + i] + normed(from, i) : normed(from, i);
    }
#endif
}
