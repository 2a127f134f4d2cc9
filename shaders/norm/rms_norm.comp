#version 450
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_GOOGLE_include_directive : require
// y = x / sqrt(mean(x²) + eps) * gain, one workgroup per row of [SeqLen, Width] (Zhang & Sennrich 2019).
// OUTPUT_F16: y is written as float16 for the matrix units. Two columns per step, so that both fit one uint.
layout(local_size_x_id = 0) in;

#include "push/rms_norm.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) readonly buffer Gain { float gain[]; };
#ifdef OUTPUT_F16
#include "half_pair.glsl"
layout(set = 0, binding = 2, std430) writeonly buffer Output { uint y[]; };
#else
layout(set = 0, binding = 2, std430) writeonly buffer Output { float y[]; };
#endif

shared float partial[128];

float row_sum(float value) {
    float sum = subgroupAdd(value);
    if (gl_NumSubgroups == 1) {
        return sum;
    }
    if (subgroupElect()) {
        partial[gl_SubgroupID] = sum;
    }
    barrier();
    sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; i++) {
        sum += partial[i];
    }
    return sum;
}

void main() {
    uint row = gl_WorkGroupID.x;
    uint from = row * push.inputStride;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < push.width; i += gl_WorkGroupSize.x) {
        float value = x[from + i];
        squares += value * value;
    }
    float scale = inversesqrt(row_sum(squares) / float(push.width) + push.epsilon);

    uint to = row * push.outputStride;
#ifdef OUTPUT_F16
    for (uint i = 2 * gl_LocalInvocationID.x; i < push.width; i += 2 * gl_WorkGroupSize.x) {
        bool pair = i + 1 < push.width;
        vec2 value = vec2(x[from + i] * gain[i], pair ? x[from + i + 1] * gain[i + 1] : 0.0);
        y[(to + i) / 2] = half_pair(value * scale);
    }
#else
    for (uint i = gl_LocalInvocationID.x; i < push.width; i += gl_WorkGroupSize.x) {
        y[to + i] = x[from + i] * scale * gain[i];
    }
#endif
}
