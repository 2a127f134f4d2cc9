#version 460
#extension GL_GOOGLE_include_directive : require
// Heads of rows with a gate for each element: y = n(x) f(gate), or with GATE_FIRST y = n(x f(gate)), where n is the RMSNorm of a head
// (NORM) or the identity, and f SiLU or, with SIGMOID, the sigmoid. One workgroup per head (x) and row (y), an invocation two neighbouring
// elements at a time. OUTPUT_F16: two float16 values per uint.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool NORM = false;
layout(constant_id = 2) const bool SIGMOID = false;
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

float gated(uint from, uint gate_from, uint i) {
    const float gate = gates[gate_from + i];
    return x[from + i] * (SIGMOID ? 1.0 : gate) / (1.0 + exp(-gate));
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
            const float value = GATE_FIRST ? gated(from, gate_from, i) : x[from + i];
            squares += value * value;
        }
        scale = inversesqrt(workgroup_sum(squares) / float(push.headDim) + push.epsilon);
    }
    for (uint i = 2 * gl_LocalInvocationID.x; i < push.headDim; i += 2 * gl_WorkGroupSize.x) {
        vec2 value = vec2(gated(from, gate_from, i), gated(from, gate_from, i + 1));
        if (NORM) value *= scale * vec2(gain[gain_from + i], gain[gain_from + i + 1]);
#ifdef OUTPUT_F16
        y[(to + i) / 2] = half_pair(value);
#else
        y[to + i] = value.x;
        y[to + i + 1] = value.y;
#endif
    }
}
