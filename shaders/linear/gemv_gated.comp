#version 460
// y[i] = f(gate_i . x) * (up_i . x), each with its bias (SwiGLU, GeGLU; Shazeer 2020): both products of the feed-forward layer and its
// activation in one pass, as the input of the next product. The gate and up rows are two bindings, so that matrices larger than a
// binding can be taken in slices. Slots alternate: the gate row i, then the up row i. Experts: both products of each that the token goes
// to, the elements of one behind those of another, padded as the next product takes them.
#define SLOTS_PER_ITEM 2
#define HAS_EXPERTS
layout(constant_id = 10) const uint EXPERTS = 0;
const bool EXPERTS_ARE_SUMMED = false;
#include "linear/gemv_next.glsl"
#include "linear/gemv.glsl"
#include "gated_activation.glsl"

layout(constant_id = 9) const uint ACTIVATION = 1;

layout(set = 0, binding = 6) readonly buffer GateQuantsBuffer { uvec4 gate_quants[]; };
layout(set = 0, binding = 7) readonly buffer UpQuantsBuffer { uvec4 up_quants[]; };
#if W_QUANTIZED
layout(set = 0, binding = 8) readonly buffer GateScalesBuffer { W_SCALE gate_scales[]; };
layout(set = 0, binding = 9) readonly buffer UpScalesBuffer { W_SCALE up_scales[]; };
#endif

uint gate_row(uint item) {
    return EXPERTS > 0 ? expert_row(item) : item;
}

uint gemv_row(uint slot) {
    return gate_row(slot / 2) + slot % 2 * push.up_skip;
}

WRaw gemv_fetch(uint slot, uint index) {
    if (slot % 2 == 0) return W_FETCH(gate_quants, gate_scales, index);
    return W_FETCH(up_quants, up_scales, index);
}

void gemv_prepare(uint slot) {
    prepare_next(slot / 2);
}

float gemv_finish(uint slot, float sums[SLOTS_PER_ITEM]) {
    if (EXPERTS > 0 && is_padding(slot / 2)) return 0.0;
    const uint i = push.first_row + gate_row(slot / 2);
    return gated(ACTIVATION, with_bias(i, sums[0]), with_bias(push.width + i, sums[1]));
}

void main() {
    gemv();
}
