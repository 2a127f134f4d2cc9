// y = f(W x + bias), or y += W x + bias: the plain matrix-vector product of one decode step.
#version 460
#include "linear/gemv.glsl"
#include "activation.glsl"

layout(constant_id = 6) const bool ACCUMULATE = false;
layout(constant_id = 7) const uint ACTIVATION = 0;

layout(set = 0, binding = 4) buffer OutputBuffer { float y[]; };
layout(set = 0, binding = 5) readonly buffer QuantsBuffer { uvec4 W[]; };
#if W_QUANTIZED
layout(set = 0, binding = 6) readonly buffer ScalesBuffer { W_SCALE S[]; };
#endif

uint gemv_row(uint slot) {
    return slot;
}

WRaw gemv_fetch(uint r, uint index) {
    return W_FETCH(W, S, index);
}

void gemv_finish(uint first, float sums[ROWS]) {
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        if (first + r < push.slots) {
            uint row = push.first_row + first + r;
            float value = activate(ACTIVATION, with_row_terms(row, sums[r]));
            y[row] = ACCUMULATE ? y[row] + value : value;
        }
    }
}

void main() {
    gemv();
}
