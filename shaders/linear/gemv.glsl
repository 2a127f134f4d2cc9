// The product of a weight matrix with one vector, shared by all epilogues: y = W x, or y = W (x * gain) / rms(x), for
// which the squares are summed beside the products and the result is scaled at the end. LayerNorm is RMSNorm with the
// mean taken off, for which the elements are summed as well (row_terms.glsl).
//
// A unit computes ROWS rows, so that each x it takes serves them all. On GPUs a unit is a subgroup whose lanes share the
// columns, and its workgroup stages x in shared memory, TILE columns at a time (gemv_staged.glsl); where lanes are few and
// loads are cheap (TILE 0), a unit is one invocation, which needs no reduction and reads x from uniform addresses.
//
// An epilogue defines, before its main calls gemv():
//   uint gemv_row(uint slot)                        the matrix row that a slot stands for
//   WRaw gemv_fetch(uint r, uint index)             loads a chunk of the unit's r-th row by its index in the matrix
//   void gemv_finish(uint first, float sums[ROWS])  takes the finished sums of the slots from `first` on; called by one
//                                                   invocation of the unit; slots from push.slots on do not exist. It
//                                                   calls with_row_terms(row, sum) on each, or leaves out the bias
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "weights/weights.glsl"
#include "push/gemv.glsl"
#include "linear/row_terms.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROWS = 2;
layout(constant_id = 2) const uint UNROLL = 4;
layout(constant_id = 3) const uint TILE = 0;

layout(set = 0, binding = 0) readonly buffer InputBuffer { vec4 x[]; };
layout(set = 0, binding = 1) readonly buffer GainBuffer { vec4 gain[]; };

#define X_VECTORS (W_ELEMS / 4)

uint gemv_row(uint slot);
WRaw gemv_fetch(uint r, uint index);
void gemv_finish(uint first, float sums[ROWS]);

// A vector of x as the weights meet it, times the norm's gain; adds its elements and their squares to the moments.
vec4 gemv_input(uint index, inout vec2 moments) {
    vec4 value = x[index];
    if (NORM != NORM_NONE) {
        if (NORM == NORM_LAYER) moments.x += dot(value, vec4(1.0));
        moments.y += dot(value, value);
        value *= gain[index];
    }
    return value;
}

// Scales the sums by the norm's deviation, which the moments of the whole x give.
void gemv_normalise(vec2 moments, inout float sums[ROWS]) {
    if (NORM != NORM_NONE) {
        moments /= float(push.columns);
        float scale = inversesqrt(max(moments.y - moments.x * moments.x, 0.0) + push.eps);
        mean_over_deviation = moments.x * scale;
        [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] *= scale;
    }
}

#include "linear/gemv_staged.glsl"

// One invocation computes ROWS rows by itself.
void gemv_lane() {
    for (uint first = gl_GlobalInvocationID.x * ROWS; first < push.slots; first += gl_NumWorkGroups.x * gl_WorkGroupSize.x * ROWS) {
        uint base[ROWS];
        float sums[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            base[r] = gemv_row(min(first + r, push.slots - 1)) * push.stride;
            sums[r] = 0.0;
        }
        vec2 moments = vec2(0.0);
        for (uint chunk = 0; chunk < push.stride; chunk++) {
            vec4 piece[X_VECTORS];
            [[unroll]] for (uint i = 0; i < X_VECTORS; i++) piece[i] = gemv_input(chunk * X_VECTORS + i, moments);
            [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] += w_dot(gemv_fetch(r, base[r] + chunk), piece);
        }
        gemv_normalise(moments, sums);
        gemv_finish(first, sums);
    }
}

void gemv() {
    if (TILE == 0) gemv_lane(); else gemv_staged();
}
