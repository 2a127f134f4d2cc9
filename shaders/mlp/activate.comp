#version 460
#extension GL_GOOGLE_include_directive : require
// Rows of [SeqLen, InputWidth] between the two halves of a feed-forward layer; f is the activation:
//   gated  rows [gate | up] of 2 * Width: y = f(gate) * up (Shazeer 2020)
//   plain  rows of Width: y = f(x)
// BIAS: the bias of the input's layer is added first. INPUT_F16, OUTPUT_F16: two float16 values per uint. One invocation
// does two columns.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ACTIVATION = 1;
layout(constant_id = 2) const bool GATED = true;
layout(constant_id = 3) const bool BIAS = false;

#include "push/activate.glsl"
#include "gated_activation.glsl"
#include "half_pair.glsl"

#ifdef INPUT_F16
layout(set = 0, binding = 0, std430) readonly buffer Input { uint x[]; };
float load(uint i) {
    vec2 pair = unpackHalf2x16(x[i / 2]);
    return (i & 1) == 0 ? pair.x : pair.y;
}
#else
layout(set = 0, binding = 0, std430) readonly buffer Input { float x[]; };
float load(uint i) {
    return x[i];
}
#endif

#ifdef OUTPUT_F16
layout(set = 0, binding = 1, std430) writeonly buffer Output { uint y[]; };
#else
layout(set = 0, binding = 1, std430) writeonly buffer Output { float y[]; };
#endif
layout(set = 0, binding = 2, std430) readonly buffer Bias { float bias[]; };

float input_of(uint row, uint column) {
    float value = load(row * push.inputStride + column);
    return BIAS ? value + bias[column] : value;
}

float activated(uint row, uint column) {
    const float value = input_of(row, column);
    return GATED ? gated(ACTIVATION, value, input_of(row, push.width + column)) : activate(ACTIVATION, value);
}

void main() {
    uint column = 2 * gl_GlobalInvocationID.x;
    uint row = gl_WorkGroupID.y;
    if (column >= push.width) {
        return;
    }
    bool pair = column + 1 < push.width;
    vec2 value = vec2(activated(row, column), pair ? activated(row, column + 1) : 0.0);
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
