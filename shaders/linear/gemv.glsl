// The product of a weight matrix with one vector, shared by all epilogues: y = W x, or y = W (x * gain) / rms(x), for
// which the squares are summed beside the products and the result is scaled at the end. LayerNorm is RMSNorm with the
// mean taken off, for which the elements are summed as well (row_terms.glsl).
//
// A unit computes ROWS rows, so that each x it loads serves them all. On GPUs a unit is a subgroup whose lanes share the
// columns; where lanes are few and loads are cheap (UNIT_PER_LANE), a unit is one invocation, which needs no reduction
// and reads x from uniform addresses.
//
// An epilogue defines, before its main calls gemv():
//   uint gemv_row(uint slot)                        the matrix row that a slot stands for
//   WRaw gemv_fetch(uint r, uint index)             loads a chunk of the unit's r-th row by its index in the matrix
//   void gemv_finish(uint first, float sums[ROWS])  takes the finished sums of the slots from `first` on; called by one
//                                                   invocation of the unit; slots from p.slots on do not exist. It
//                                                   calls with_row_terms(row, sum) on each, or leaves out the bias
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "weights.glsl"
#include "push/gemv.glsl"
#include "linear/row_terms.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROWS = 2;
layout(constant_id = 2) const uint UNROLL = 4;
layout(constant_id = 3) const bool UNIT_PER_LANE = false;

layout(set = 0, binding = 0) readonly buffer InputBuffer { vec4 x[]; };
layout(set = 0, binding = 1) readonly buffer GainBuffer { vec4 gain[]; };

#define X_VECTORS (W_ELEMS / 4)

uint gemv_row(uint slot);
WRaw gemv_fetch(uint r, uint index);
void gemv_finish(uint first, float sums[ROWS]);

// Multiplies one chunk of each row by the same piece of x, and adds up the elements of x and their squares.
void gemv_chunk(uint chunk, WRaw raw[ROWS], inout float sums[ROWS], inout vec2 moments) {
    vec4 piece[X_VECTORS];
    [[unroll]] for (uint i = 0; i < X_VECTORS; i++) {
        piece[i] = x[chunk * X_VECTORS + i];
        if (NORM != NORM_NONE) {
            if (NORM == NORM_LAYER) moments.x += dot(piece[i], vec4(1.0));
            moments.y += dot(piece[i], piece[i]);
            piece[i] *= gain[chunk * X_VECTORS + i];
        }
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] += w_dot(raw[r], piece);
}

void gemv() {
    const uint lanes = UNIT_PER_LANE ? 1 : gl_SubgroupSize;
    const uint lane = UNIT_PER_LANE ? 0 : gl_SubgroupInvocationID;
    const uint first_unit = UNIT_PER_LANE ? gl_GlobalInvocationID.x : gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID;
    const uint units = gl_NumWorkGroups.x * (UNIT_PER_LANE ? gl_WorkGroupSize.x : gl_NumSubgroups);
    for (uint first = first_unit * ROWS; first < p.slots; first += units * ROWS) {
        uint base[ROWS];
        float sums[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            base[r] = gemv_row(min(first + r, p.slots - 1)) * p.stride;
            sums[r] = 0.0;
        }
        vec2 moments = vec2(0.0);
        uint start = 0;
        for (; start + UNROLL * lanes <= p.stride; start += UNROLL * lanes) {
            WRaw raw[UNROLL][ROWS];
            [[unroll]] for (uint u = 0; u < UNROLL; u++) {
                [[unroll]] for (uint r = 0; r < ROWS; r++) raw[u][r] = gemv_fetch(r, base[r] + start + u * lanes + lane);
            }
            [[unroll]] for (uint u = 0; u < UNROLL; u++) gemv_chunk(start + u * lanes + lane, raw[u], sums, moments);
        }
        for (uint chunk = start + lane; chunk < p.stride; chunk += lanes) {
            WRaw raw[ROWS];
            [[unroll]] for (uint r = 0; r < ROWS; r++) raw[r] = gemv_fetch(r, base[r] + chunk);
            gemv_chunk(chunk, raw, sums, moments);
        }
        if (!UNIT_PER_LANE) {
            [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] = subgroupAdd(sums[r]);
            if (NORM != NORM_NONE) moments = subgroupAdd(moments);
        }
        if (NORM != NORM_NONE) {
            moments /= float(p.columns);
            float scale = inversesqrt(max(moments.y - moments.x * moments.x, 0.0) + p.eps);
            mean_over_deviation = moments.x * scale;
            [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] *= scale;
        }
        if (UNIT_PER_LANE || subgroupElect()) gemv_finish(first, sums);
    }
}
