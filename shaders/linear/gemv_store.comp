#version 460
// y = f(W x + bias), or y += W x + bias: the plain matrix-vector product of one decode step. Y: y is written, beside the next product's
// input if there is one. Experts: SUMMED, the sum of the products of those that the token goes to, each with its part of x, times their
// weights; else the products of each with the same x.
#define SLOTS_PER_ITEM 1
#define HAS_EXPERTS
layout(constant_id = 12) const uint EXPERTS = 0;
layout(constant_id = 13) const bool SUMMED = true;
const bool EXPERTS_ARE_SUMMED = EXPERTS > 0 && SUMMED;
const bool EXPERTS_ARE_APART = EXPERTS > 0 && !SUMMED;
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
    return EXPERTS_ARE_APART ? expert_row(slot) : slot;
}

WRaw gemv_fetch(uint slot, uint index) {
    return W_FETCH(W, S, index);
}

float biased(uint slot, float product) {
    if (!EXPERTS_ARE_SUMMED || !BIAS) return with_bias(push.first_row + gemv_row(slot), product);
    for (uint rank = 0; rank < EXPERTS; rank++) {
        product = fma(weight_of(rank), row_bias[expert_of(rank) * push.expert_rows + slot], product);
    }
    return product;
}

float before; // y of the slot that is finished next

void gemv_prepare(uint slot) {
    prepare_next(slot);
    if (ACCUMULATE) before = y[push.first_row + slot];
}

float gemv_finish(uint slot, float sums[SLOTS_PER_ITEM]) {
    if (EXPERTS_ARE_APART && is_padding(slot)) return 0.0;
    const uint row = push.first_row + slot;
    float value = activate(ACTIVATION, biased(slot, sums[0]));
    if (ACCUMULATE) value += before;
    if (Y) y[row] = value;
    return value;
}

void main() {
    gemv();
}
