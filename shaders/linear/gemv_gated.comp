// y[i] = f(gate_i . x) * (up_i . x), each with its bias (SwiGLU, GeGLU; Shazeer 2020): both products of the feed-forward layer and its activation in one pass. The gate
// and up rows are two bindings, so that matrices larger than a binding can be taken in slices. Slots alternate: the gate
// row i, then the up row i, so that one unit (ROWS is even) holds both.
#version 460
#include "linear/gemv.glsl"
#include "activation.glsl"

layout(constant_id = 6) const uint ACTIVATION = 1;

layout(set = 0, binding = 4) writeonly buffer OutputBuffer { float y[]; };
layout(set = 0, binding = 5) readonly buffer GateQuantsBuffer { uvec4 gate_quants[]; };
layout(set = 0, binding = 6) readonly buffer UpQuantsBuffer { uvec4 up_quants[]; };
#if W_QUANTIZED
layout(set = 0, binding = 7) readonly buffer GateScalesBuffer { W_SCALE gate_scales[]; };
layout(set = 0, binding = 8) readonly buffer UpScalesBuffer { W_SCALE up_scales[]; };
#endif

uint gemv_row(uint slot) {
    return slot / 2 + slot % 2 * push.up_skip;
}

WRaw gemv_fetch(uint r, uint index) {
    if (r % 2 == 0) return W_FETCH(gate_quants, gate_scales, index);
    return W_FETCH(up_quants, up_scales, index);
}

void gemv_finish(uint first, float sums[ROWS]) {
    [[unroll]] for (uint r = 0; r < ROWS; r += 2) {
        if (first + r < push.slots) {
            uint i = push.first_row + (first + r) / 2;
            y[i] = activate(ACTIVATION, with_row_terms(i, sums[r])) * with_row_terms(push.width + i, sums[r + 1]);
        }
    }
}

void main() {
    gemv();
}
