#version 460
// The norm of one row as the input of products with block formats (fixed_point.glsl):
//   RMSNorm    y = x / sqrt(mean(x²) + eps) * gain                         (Zhang & Sennrich 2019)
//   LayerNorm  y = (x - mean(x)) / sqrt(var(x) + eps) * gain + shift       (Ba et al. 2016)
// One workgroup, of a multiple of eight invocations; the row is padded with zeros to whole vectors.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool LAYER_NORM = false;

#include "push/norm.glsl"
#include "reductions.glsl"
#include "chain.glsl"
#define FIXED_BINDING 2
#include "fixed_point.glsl"

layout(set = 0, binding = 0) readonly coherent buffer InputVectors { vec4 x[]; };
layout(set = 0, binding = 1) readonly buffer GainBuffer { float gain[]; };
layout(set = 0, binding = 3) readonly buffer ShiftBuffer { float shift[]; };

// What the row has of a vector's elements is 1, the rest 0.
vec4 is_there(uint vector) {
    return vec4(lessThan(uvec4(4 * vector) + uvec4(0, 1, 2, 3), uvec4(push.width)));
}

vec4 normed(uint vector, float mean, float scale) {
    vec4 value = (x[vector] - mean) * scale;
    [[unroll]] for (uint i = 0; i < 4; i++) {
        const uint column = min(4 * vector + i, push.width - 1);
        value[i] *= gain[column];
        if (LAYER_NORM) value[i] += shift[column];
    }
    return value * is_there(vector);
}

void main() {
    chain_wait();
    const uint vectors = (push.width + 3) / 4;
    float mean = 0.0;
    if (LAYER_NORM) {
        float sum = 0.0;
        for (uint v = gl_LocalInvocationIndex; v < vectors; v += gl_WorkGroupSize.x) sum += dot(x[v], vec4(1.0));
        mean = workgroup_sum(sum) / float(push.width);
    }
    float squares = 0.0;
    for (uint v = gl_LocalInvocationIndex; v < vectors; v += gl_WorkGroupSize.x) {
        vec4 value = (x[v] - mean) * is_there(v);
        squares += dot(value, value);
    }
    const float scale = inversesqrt(workgroup_sum(squares) / float(push.width) + push.epsilon);
    const uint padded = (push.width + FIXED_BLOCK - 1) / FIXED_BLOCK * (FIXED_BLOCK / 4);
    for (uint start = 0; start < padded; start += gl_WorkGroupSize.x) {
        const uint v = start + gl_LocalInvocationIndex;
        fixed_store(push.outputStride, v, v < padded ? normed(v, mean, scale) : vec4(0.0), v < padded);
    }
    chain_arrive();
}
