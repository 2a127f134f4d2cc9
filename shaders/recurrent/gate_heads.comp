#version 460
#extension GL_GOOGLE_include_directive : require
// Heads of rows with a gate for each element: y = n(x) f(gate), or with GATE_FIRST y = n(x f(gate)), where n is the RMSNorm of a head
// (NORM) or the identity, and f by GATE SiLU, the sigmoid or the identity; or y = n(x) + gate. One workgroup per head (x) and row (y), an
// invocation two neighbouring elements at a time. OUTPUT_F16: two float16 values per uint. OUTPUT_FIXED: one row in fixed point
// (fixed_point.glsl), whose blocks a head's size is a multiple of.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool NORM = false;
layout(constant_id = 2) const uint GATE = 0; // GateKind in C#
layout(constant_id = 3) const bool GATE_FIRST = false;

#include "push/gate_heads.glsl"
#include "half_pair.glsl"
#include "reductions.glsl"
#include "chain.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) readonly coherent buffer Gates { float gates[]; };
layout(set = 0, binding = 2, std430) readonly buffer Gain { float gain[]; };
#if defined(OUTPUT_FIXED)
#define FIXED_BINDING 3
#include "fixed_point.glsl"
#elif defined(OUTPUT_F16)
layout(set = 0, binding = 3, std430) writeonly coherent buffer Output { uint y[]; };
#else
layout(set = 0, binding = 3, std430) writeonly coherent buffer Output { float y[]; };
#endif

const uint GATE_SILU = 0;
const uint GATE_SIGMOID = 1;
const uint GATE_FACTOR = 2;
const uint GATE_SUMMAND = 3;

float gated(float value, float gate) {
    if (GATE == GATE_SUMMAND) return value + gate;
    if (GATE == GATE_FACTOR) return value * gate;
    return value * (GATE == GATE_SIGMOID ? 1.0 : gate) / (1.0 + exp(-gate));
}

// Two neighbouring elements of a head.
vec2 finished(uint from, uint gate_from, uint gain_from, uint i, float scale) {
    const vec2 factor = NORM ? scale * vec2(gain[gain_from + i], gain[gain_from + i + 1]) : vec2(1.0);
    vec2 value = vec2(x[from + i], x[from + i + 1]);
    if (!GATE_FIRST) value *= factor;
    value = vec2(gated(value.x, gates[gate_from + i]), gated(value.y, gates[gate_from + i + 1]));
    return GATE_FIRST ? value * factor : value;
}

void main() {
    chain_wait();
    const uint head = gl_WorkGroupID.x;
    const uint from = gl_WorkGroupID.y * push.inputStride + head * push.headDim;
    const uint gate_from = gl_WorkGroupID.y * push.gateStride + push.gateAt + head * push.gateHeadStride;
    const uint gain_from = head * push.gainStride;
    float scale = 1.0;
    if (NORM) {
        float squares = 0.0;
        for (uint i = gl_LocalInvocationID.x; i < push.headDim; i += gl_WorkGroupSize.x) {
            const float value = GATE_FIRST ? gated(x[from + i], gates[gate_from + i]) : x[from + i];
            squares += value * value;
        }
        scale = inversesqrt(workgroup_sum(squares) / float(push.headDim) + push.epsilon);
    }
#ifdef OUTPUT_FIXED
    for (uint start = 0; start < push.headDim; start += 4 * gl_WorkGroupSize.x) {
        const uint i = start + 4 * gl_LocalInvocationID.x;
        const bool is_there = i < push.headDim;
        const uint at = is_there ? i : 0;
        const vec4 value = vec4(finished(from, gate_from, gain_from, at, scale), finished(from, gate_from, gain_from, at + 2, scale));
        fixed_store(push.outputStride, (head * push.headDim + i) / 4, value, is_there);
    }
#else
    const uint to = gl_WorkGroupID.y * push.outputStride + head * push.headDim;
    for (uint i = 2 * gl_LocalInvocationID.x; i < push.headDim; i += 2 * gl_WorkGroupSize.x) {
        const vec2 value = finished(from, gate_from, gain_from, i, scale);
#ifdef OUTPUT_F16
        y[(to + i) / 2] = half_pair(value);
#else
        y[to + i] = value.x;
        y[to + i + 1] = value.y;
#endif
    }
#endif
    chain_arrive();
}
