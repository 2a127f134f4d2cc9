#version 460
#extension GL_GOOGLE_include_directive : require
// Heads of rows with a gate for each element: y = n(x) f(gate), or with GATE_FIRST y = n(x f(gate)), where n is the RMSNorm of a head
// (NORM) or the identity, and f by GATE SiLU, the sigmoid or the identity; or y = n(x) + gate. One workgroup per head (x) and row (y), an
// invocation two neighbouring elements at a time. OUTPUT_F16: two float16 values per uint.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool NORM = false;
layout(constant_id = 2) const uint GATE = 0; // GateKind in C#
layout(constant_id = 3) const bool GATE_FIRST = false;

#include "push/gate_heads.glsl"
#include "half_pair.glsl"
#include "reductions.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) readonly buffer Gates { float gates[]; };
layout(set = 0, binding = 2, std430) readonly buffer Gain { float gain[]; };
#ifdef OUTPUT_F16
layout(set = 0, binding = 3, std430) writeonly buffer Output { uint y[]; };
#else
layout(set = 0, binding = 3, std430) writeonly buffer Output { float y[]; };
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

void main() {
    const uint head = gl_WorkGroupID.x;
    const uint from = gl_WorkGroupID.y * push.inputStride + head * push.headDim;
    const uint gate_from = gl_WorkGroupID.y * push.gateStride + push.gateAt + head * push.gateHeadStride;
    const uint to = gl_WorkGroupID.y * push.outputStride + head * push.headDim;
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
    for (uint i = 2 * gl_LocalInvocationID.x; i < push.headDim; i += 2 * gl_WorkGroupSize.x) {
        const vec2 factor = NORM ? scale * vec2(gain[gain_from + i], gain[gain_from + i + 1]) : vec2(1.0);
        vec2 value = vec2(x[from + i], x[from + i + 1]);
        if (!GATE_FIRST) value *= factor;
        value = vec2(gated(value.x, gates[gate_from + i]), gated(value.y, gates[gate_from + i + 1]));
        if (GATE_FIRST) value *= factor;
#ifdef OUTPUT_F16
        y[(to + i) / 2] = half_pair(value);
#else
        y[to + i] = value.x;
        y[to + i + 1] = value.y;
#endif
    }
}
