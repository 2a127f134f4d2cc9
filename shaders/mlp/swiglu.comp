#version 450
#extension GL_GOOGLE_include_directive : require
// y = silu(gate) * up for rows [gate | up] of [SeqLen, 2 * IntermediateSize] (Shazeer 2020).
// INPUT_F16, OUTPUT_F16: two float16 values per uint. One invocation does two columns.
layout(local_size_x_id = 0) in;

#include "push/swiglu.glsl"
#include "half_pair.glsl"

#ifdef INPUT_F16
layout(set = 0, binding = 0, std430) readonly buffer Input { uint gate_up[]; };
float load(uint i) {
    vec2 pair = unpackHalf2x16(gate_up[i / 2]);
    return (i & 1) == 0 ? pair.x : pair.y;
}
#else
layout(set = 0, binding = 0, std430) readonly buffer Input { float gate_up[]; };
float load(uint i) {
    return gate_up[i];
}
#endif

#ifdef OUTPUT_F16
layout(set = 0, binding = 1, std430) writeonly buffer Output { uint y[]; };
#else
layout(set = 0, binding = 1, std430) writeonly buffer Output { float y[]; };
#endif

float swiglu(uint row, uint column) {
    uint at = row * push.inputStride + column;
    float gate = load(at);
    return gate / (1.0 + exp(-gate)) * load(at + push.width);
}

void main() {
    uint column = 2 * gl_GlobalInvocationID.x;
    uint row = gl_WorkGroupID.y;
    if (column >= push.width) {
        return;
    }
    bool pair = column + 1 < push.width;
    vec2 value = vec2(swiglu(row, column), pair ? swiglu(row, column + 1) : 0.0);
    uint to = row * push.outputStride + column;
#ifdef OUTPUT_F16
    y[to / 2] = half_pair(value);
#else
    y[to] = value.x;
    if (pair) {
        y[to + 1] = value.y;
    }
#endif
}
