// y = W x, or y += W x: the plain matrix-vector product of one decode step.
#version 460
#include "linear/gemv.glsl"

layout(constant_id = 5) const bool ACCUMULATE = false;

layout(set = 0, binding = 2) buffer OutputBuffer { float y[]; };
layout(set = 0, binding = 3) readonly buffer QuantsBuffer { uvec4 W[]; };
#if W_QUANTIZED
layout(set = 0, binding = 4) readonly buffer ScalesBuffer { uint S[]; };
#endif

uint gemv_row(uint slot) {
    return slot;
}

WRaw gemv_fetch(uint r, uint index) {
    return W_FETCH(W, S, index);
}

void gemv_finish(uint first, float sums[ROWS]) {
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        if (first + r < p.slots) {
            uint row = p.first_row + first + r;
            y[row] = ACCUMULATE ? y[row] + sums[r] : sums[r];
        }
    }
}

void main() {
    gemv();
}
