#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
// One workgroup per row of [SeqLen, Width]:
//   RMSNorm    y = x / sqrt(mean(x²) + eps) * gain                         (Zhang & Sennrich 2019)
//   LayerNorm  y = (x - mean(x)) / sqrt(var(x) + eps) * gain + shift       (Ba et al. 2016)
// ACCUMULATE: y += that, for norms behind a layer, before its residual connection; FACTOR: and y has a factor then.
// OUTPUT_F16: y is written as float16 for the matrix units. Two columns per step, so that both fit one uint.
// HELD: a row of whole vectors, few enough for registers, is read once, its gain before the sum is known.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool LAYER_NORM = false;
layout(constant_id = 2) const bool ACCUMULATE = false;
layout(constant_id = 3) const uint HELD = 0; // vectors of an invocation; 0: too many, or no whole vectors
layout(constant_id = 4) const bool FACTOR = false; // with ACCUMULATE

#include "push/norm.glsl"
#include "reductions.glsl"
#include "chain.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) readonly buffer Gain { float gain[]; };
#ifdef OUTPUT_F16
#include "half_pair.glsl"
layout(set = 0, binding = 2, std430) writeonly coherent buffer Output { uint y[]; };
#else
layout(set = 0, binding = 2, std430) coherent buffer Output { float y[]; };
#endif
layout(set = 0, binding = 3, std430) readonly buffer Shift { float shift[]; };
layout(set = 0, binding = 4, std430) readonly buffer Factor { float factor; };

// The same once more.
layout(set = 0, binding = 0, std430) readonly coherent buffer InputVectors { vec4 x_vectors[]; };
layout(set = 0, binding = 1, std430) readonly buffer GainVectors { vec4 gain_vectors[]; };
#ifdef OUTPUT_F16
layout(set = 0, binding = 2, std430) writeonly coherent buffer OutputVectors { uvec2 y_vectors[]; };
#else
layout(set = 0, binding = 2, std430) coherent buffer OutputVectors { vec4 y_vectors[]; };
#endif
layout(set = 0, binding = 3, std430) readonly buffer ShiftVectors { vec4 shift_vectors[]; };

float mean = 0.0;
float scale;

float normed(uint from, uint i) {
    float value = (x[from + i] - mean) * scale * gain[i];
    return LAYER_NORM ? value + shift[i] : value;
}

void norm_held(uint row) {
    const uint vectors = push.width / 4;
    vec4 values[HELD > 0 ? HELD : 1];
    vec4 gains[HELD > 0 ? HELD : 1];
    float sum = 0.0;
    [[unroll]] for (uint v = 0; v < HELD; v++) {
        const uint at = gl_LocalInvocationID.x + v * gl_WorkGroupSize.x;
        const bool is_there = at < vectors;
        values[v] = is_there ? x_vectors[row * (push.inputStride / 4) + at] : vec4(0.0);
        gains[v] = is_there ? gain_vectors[at] : vec4(0.0);
        sum += dot(values[v], vec4(1.0));
    }
    if (LAYER_NORM) mean = workgroup_sum(sum) / float(push.width);
    float squares = 0.0;
    [[unroll]] for (uint v = 0; v < HELD; v++) {
        values[v] -= mean;
        if (gl_LocalInvocationID.x + v * gl_WorkGroupSize.x < vectors) squares += dot(values[v], values[v]);
    }
    scale = inversesqrt(workgroup_sum(squares) / float(push.width) + push.epsilon);
    [[unroll]] for (uint v = 0; v < HELD; v++) {
        const uint at = gl_LocalInvocationID.x + v * gl_WorkGroupSize.x;
        if (at < vectors) {
            const uint to = row * (push.outputStride / 4) + at;
            vec4 value = values[v] * scale * gains[v];
            if (LAYER_NORM) value += shift_vectors[at];
#ifdef OUTPUT_F16
            y_vectors[to] = uvec2(half_pair(value.xy), half_pair(value.zw));
#else
            y_vectors[to] = ACCUMULATE ? (y_vectors[to] + value) * (FACTOR ? factor : 1.0) : value;
#endif
        }
    }
}

void norm_read_anew(uint row) {
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
        y[to + i] = ACCUMULATE ? (y[to + i] + normed(from, i)) * (FACTOR ? factor : 1.0) : normed(from, i);
    }
#endif
}

void main() {
    chain_wait();
    if (HELD > 0) norm_held(gl_WorkGroupID.x); else norm_read_anew(gl_WorkGroupID.x);
    chain_arrive();
}
