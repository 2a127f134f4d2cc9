#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
// C[m][n] = Σk A[m][k] W[n][k] without shared memory or barriers, for CPU devices, where both are slow and a load costs as
// much as dozens of multiplications, whether its address is the same for all lanes or not.
// Each invocation holds a register tile of TILE_M rows by TILE_N weight rows; its lanes lie along n. The lanes together
// load 32 columns of each row of A, a vec4 each, and hand them round by shuffles, which cost next to nothing; every
// decoded weight is used TILE_M times. gemm_groups.glsl says what GROUPED, GATE, BIAS and FUNCTION are; with a gate half of
// the weight rows are its own, and the other half are up's.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint TILE_M = 8;
layout(constant_id = 2) const uint TILE_N = 4;
layout(constant_id = 3) const uint ACCUMULATE = 0; // 1: C += A Wᵀ
layout(constant_id = 4) const bool GROUPED = false;
layout(constant_id = 5) const bool BIAS = false;
layout(constant_id = 6) const uint GATE = 0; // an activation; 0: none
layout(constant_id = 7) const uint FUNCTION = 0;

#include "push/gemm.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "gemm_groups.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) readonly buffer Input { vec4 a[]; };
layout(set = 0, binding = 3, std430) buffer Output { float c[]; };

const uint VECTORS = 8;               // vec4 per step and row: 32 columns, the largest chunk of weights
const uint CHUNKS = 32 / W_ELEMS;     // chunks of weights per step and row
const uint OUTPUTS_N = GATE == 0 ? TILE_N : TILE_N / 2; // columns of C

void main() {
    if (!take_tile(TILE_M)) return;
    w_prepare();
    uint first_n = gl_WorkGroupID.y * gl_WorkGroupSize.x * OUTPUTS_N + gl_LocalInvocationID.x;
    uint lanes = min(gl_SubgroupSize, VECTORS);
    uint lane = gl_SubgroupInvocationID % lanes;

    // Rows beyond the edge repeat the last one and are not stored.
    uint a_row[TILE_M];
    [[unroll]] for (uint m = 0; m < TILE_M; m++) {
        a_row[m] = row_of_a(min(first_m + m, end_m - 1)) * (push.kPadded / 4);
    }
    uint w_row[TILE_N];
    [[unroll]] for (uint n = 0; n < TILE_N; n++) {
        uint column = min(first_n + n % OUTPUTS_N * gl_WorkGroupSize.x, columns_of_c() - 1);
        w_row[n] = n < OUTPUTS_N ? row_of_gate(column) : row_of_up(column);
    }

    float sum[TILE_M * TILE_N];
    [[unroll]] for (uint i = 0; i < TILE_M * TILE_N; i++) {
        sum[i] = 0.0;
    }

    for (uint step = 0; step < push.kPadded / 32; step++) {
        vec4 low[TILE_M];
        vec4 high[TILE_M]; // the second share, where there is one
        [[unroll]] for (uint m = 0; m < TILE_M; m++) {
            low[m] = a[a_row[m] + step * VECTORS + lane];
            high[m] = lanes < VECTORS ? a[a_row[m] + step * VECTORS + lanes + lane] : low[m];
        }
        [[dont_unroll]] for (uint chunk = 0; chunk < CHUNKS; chunk++) {
            float w[TILE_N][W_ELEMS];
            [[unroll]] for (uint n = 0; n < TILE_N; n++) {
                w_decode(w_load(w_row[n], step * CHUNKS + chunk), w[n]);
            }
            [[unroll]] for (uint q = 0; q < W_ELEMS / 4; q++) {
                uint vector = chunk * (W_ELEMS / 4) + q;
                [[unroll]] for (uint m = 0; m < TILE_M; m++) {
                    vec4 x = subgroupShuffle(vector < lanes ? low[m] : high[m], vector % lanes);
                    [[unroll]] for (uint n = 0; n < TILE_N; n++) {
                        float s = sum[m * TILE_N + n];
                        s = x.x * w[n][4 * q] + s;
                        s = x.y * w[n][4 * q + 1] + s;
                        s = x.z * w[n][4 * q + 2] + s;
                        sum[m * TILE_N + n] = x.w * w[n][4 * q + 3] + s;
                    }
                }
            }
        }
    }

    [[unroll]] for (uint m = 0; m < TILE_M; m++) {
        [[unroll]] for (uint n = 0; n < OUTPUTS_N; n++) {
            uint row = first_m + m;
            uint column = first_n + n * gl_WorkGroupSize.x;
            if (row < end_m && column < columns_of_c()) {
                uint to = row_of_c(row) * push.outputStride + push.outputOffset + column;
                float value = finished(column, sum[m * TILE_N + n], sum[m * TILE_N + n + TILE_N - OUTPUTS_N]);
                c[to] = ACCUMULATE != 0 ? c[to] + value : value;
            }
        }
    }
}
