#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
// C[m][n] = Σk A[m][k] W[n][k] on the scalar units of a GPU: tiles of A and of the decoded weights in shared memory,
// float32 throughout. THREADS_N invocations lie along n, the rest of the workgroup along m; each holds a register
// tile of TILE_M by TILE_N whose rows are THREADS apart, so that a subgroup reads neighbouring rows of the weights.
// gemm_groups.glsl says what GROUPED, GATE, BIAS and FUNCTION are; with a gate the first half of a tile's weight rows are its own, the
// others up's.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint TILE_M = 4;
layout(constant_id = 2) const uint TILE_N = 4;
layout(constant_id = 3) const uint ACCUMULATE = 0; // 1: C += A Wᵀ
layout(constant_id = 4) const uint THREADS_M = 8;
layout(constant_id = 5) const uint THREADS_N = 16;
layout(constant_id = 6) const bool GROUPED = false;
layout(constant_id = 7) const bool BIAS = false;
layout(constant_id = 8) const uint GATE = 0; // an activation; 0: none
layout(constant_id = 9) const uint FUNCTION = 0;

#include "push/gemm.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "gemm_groups.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) readonly buffer Input { vec4 a[]; };
layout(set = 0, binding = 3, std430) buffer Output { float c[]; };

const uint BLOCK_K = 32;
const uint QUADS = BLOCK_K / 4;
const uint ROW = QUADS + 1; // one quad of padding: neighbouring rows start in different banks
const uint BLOCK_M = THREADS_M * TILE_M;
const uint BLOCK_N = THREADS_N * TILE_N;
const uint THREADS = THREADS_M * THREADS_N;
const uint CHUNKS = BLOCK_K / W_ELEMS; // weight loads per row of a tile
const uint OUTPUTS_N = GATE == 0 ? TILE_N : TILE_N / 2; // columns of C that an invocation makes
const uint COLUMNS = THREADS_N * OUTPUTS_N;

shared vec4 a_tile[BLOCK_M * ROW];
shared vec4 w_tile[BLOCK_N * ROW];

void load_a(uint k_quad) {
    for (uint i = gl_LocalInvocationID.x; i < BLOCK_M * QUADS; i += THREADS) {
        uint row = i / QUADS;
        uint quad = i % QUADS;
        uint m = first_m + row;
        a_tile[row * ROW + quad] = m < end_m ? a[row_of_a(m) * (push.kPadded / 4) + k_quad + quad] : vec4(0.0);
    }
}

void load_w(uint first_n, uint k_quad) {
    for (uint i = gl_LocalInvocationID.x; i < BLOCK_N * CHUNKS; i += THREADS) {
        uint row = i / CHUNKS;
        uint chunk = i % CHUNKS;
        uint column = min(first_n + row % COLUMNS, columns_of_c() - 1); // what lies beyond the edge is computed and not stored
        uint n = row < COLUMNS ? row_of_gate(column) : row_of_up(column);
        float w[W_ELEMS];
        w_decode(w_load(n, k_quad * 4 / W_ELEMS + chunk), w);
        [[unroll]] for (uint q = 0; q < W_ELEMS / 4; q++) {
            w_tile[row * ROW + chunk * (W_ELEMS / 4) + q] = vec4(w[4 * q], w[4 * q + 1], w[4 * q + 2], w[4 * q + 3]);
        }
    }
}

void main() {
    if (!take_tile(BLOCK_M)) return;
    w_prepare();
    uint first_n = gl_WorkGroupID.y * COLUMNS;
    uint tm = gl_LocalInvocationID.x / THREADS_N;
    uint tn = gl_LocalInvocationID.x % THREADS_N;

    float sum[TILE_M * TILE_N];
    [[unroll]] for (uint i = 0; i < TILE_M * TILE_N; i++) {
        sum[i] = 0.0;
    }

    for (uint k_quad = 0; k_quad < push.kPadded / 4; k_quad += QUADS) {
        load_a(k_quad);
        load_w(first_n, k_quad);
        barrier();
        [[unroll]] for (uint q = 0; q < QUADS; q++) {
            vec4 w[TILE_N];
            [[unroll]] for (uint n = 0; n < TILE_N; n++) {
                w[n] = w_tile[(tn + n * THREADS_N) * ROW + q];
            }
            [[unroll]] for (uint m = 0; m < TILE_M; m++) {
                vec4 x = a_tile[(tm + m * THREADS_M) * ROW + q];
                [[unroll]] for (uint n = 0; n < TILE_N; n++) {
                    float s = sum[m * TILE_N + n];
                    s = fma(x.x, w[n].x, s);
                    s = fma(x.y, w[n].y, s);
                    s = fma(x.z, w[n].z, s);
                    sum[m * TILE_N + n] = fma(x.w, w[n].w, s);
                }
            }
        }
        barrier();
    }

    [[unroll]] for (uint m = 0; m < TILE_M; m++) {
        [[unroll]] for (uint n = 0; n < OUTPUTS_N; n++) {
            uint row = first_m + tm + m * THREADS_M;
            uint column = first_n + tn + n * THREADS_N;
            if (row < end_m && column < columns_of_c()) {
                uint to = row_of_c(row) * push.outputStride + push.outputOffset + column;
                float value = finished(column, sum[m * TILE_N + n], sum[m * TILE_N + n + TILE_N - OUTPUTS_N]);
                c[to] = ACCUMULATE != 0 ? c[to] + value : value;
            }
        }
    }
}
