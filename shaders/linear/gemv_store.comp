#version 460
// y = f(W x + bias), or y += W x + bias: the plain matrix-vector product of one decode step. Y: y is written, beside the next product's
// input if there is one.
#define SLOTS_PER_ITEM 1
#include "linear/gemv_next.glsl"
#include "linear/gemv.glsl"
#include "activation.glsl"

layout(constant_id = 9) const bool Y = true;
layout(constant_id = 10) const bool ACCUMULATE = false;
layout(constant_id = 11) const uint ACTIVATION = 0;

layout(set = 0, binding = 6) CHAINED buffer OutputBuffer { float y[]; };
layout(set = 0, binding = 7) readonly buffer QuantsBuffer { uvec4 W[]; };
#if W_QUANTIZED
layout(set = 0, binding = 8) readonly buffer ScalesBuffer { W_SCALE S[]; };
#endif

uint gemv_row(uint slot) {
    return slot;
}

WRaw gemv_fetch(uint slot, uint index) {
    return W_FETCH(W, S, index);
}

float before; // y of the slot that is finished next

void gemv_prepare(uint slot) {
    prepare_next(slot);
    if (ACCUMULATE) before = y[push.first_row + slot];
}

float gemv_finish(uint slot, float sums[SLOTS_PER_ITEM]) {
    const uint row = push.first_row + slot;
    float value = activate(ACTIVATION, with_bias(row, sums[0]));
    if (ACCUMULATE) value += before;
    if (Y) y[row] = value;
    return value;
}

void main() {
    gemv();
}
