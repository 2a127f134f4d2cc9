#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require
// C[m][n] = Σk A[m][k] W[n][k] on the matrix units: A float16, W decoded to float16 on its way into shared memory,
// sums float32. A workgroup makes a tile BLOCK_M by BLOCK_N; its subgroups form a grid SUBGROUPS_M by SUBGROUPS_N and
// hold their share of the sums in fragments. While one slice of K is multiplied, the next is on its way in registers.
// OUTPUT_F16: C is float16 (Store only).
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint BLOCK_M = 128;
layout(constant_id = 2) const uint BLOCK_N = 128;
layout(constant_id = 3) const uint ACCUMULATE = 0; // 1: C += A Wᵀ
layout(constant_id = 4) const uint SUBGROUPS_M = 2;
layout(constant_id = 5) const uint SUBGROUPS_N = 2;
layout(constant_id = 6) const uint SUBGROUP_SIZE = 32;
layout(constant_id = 7) const uint FRAGMENT_M = 16;
layout(constant_id = 8) const uint FRAGMENT_N = 16;
layout(constant_id = 9) const uint FRAGMENT_K = 16;

#include "push/gemm.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "weights/half.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) readonly buffer Input { uvec4 a[]; };
#ifdef OUTPUT_F16
#define C_TYPE float16_t
layout(set = 0, binding = 3, std430) writeonly buffer Output { float16_t c[]; };
#else
#define C_TYPE float
layout(set = 0, binding = 3, std430) buffer Output { float c[]; };
#endif

const uint BLOCK_K = 64;
const uint OCTETS = BLOCK_K / 8; // eight float16 are one 16-byte word, the unit of everything shared
const uint ROW = OCTETS + 1;     // one word of padding: neighbouring rows start in different banks
const uint THREADS = SUBGROUPS_M * SUBGROUPS_N * SUBGROUP_SIZE;
const uint FRAGMENTS_M = BLOCK_M / SUBGROUPS_M / FRAGMENT_M;
const uint FRAGMENTS_N = BLOCK_N / SUBGROUPS_N / FRAGMENT_N;
const uint CHUNKS = BLOCK_K / W_ELEMS;                                 // weight loads per row of a tile
const uint A_LOADS = (BLOCK_M * OCTETS + THREADS - 1) / THREADS;       // per invocation and slice
const uint W_LOADS = (BLOCK_N * CHUNKS + THREADS - 1) / THREADS;
const bool A_EVEN = BLOCK_M * OCTETS % THREADS == 0;
const bool W_EVEN = BLOCK_N * CHUNKS % THREADS == 0;
const uint FRAGMENT_AREA = FRAGMENT_M * FRAGMENT_N;

shared uvec4 a_tile[BLOCK_M * ROW];
shared uvec4 w_tile[BLOCK_N * ROW];
shared float edge[SUBGROUPS_M * SUBGROUPS_N * FRAGMENT_AREA]; // one fragment per subgroup, for tiles over the edge

uvec4 a_next[A_LOADS];
WRaw w_next[W_LOADS];

void fetch(uint first_m, uint first_n, uint k) {
    [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        uint m = min(first_m + at / OCTETS, push.seqLen - 1); // rows beyond the edge are computed and not stored
        if (A_EVEN || at < BLOCK_M * OCTETS) {
            a_next[i] = a[m * (push.kPadded / 8) + k / 8 + at % OCTETS];
        }
    }
    [[unroll]] for (uint i = 0; i < W_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        uint n = min(first_n + at / CHUNKS, push.rows - 1);
        if (W_EVEN || at < BLOCK_N * CHUNKS) {
            w_next[i] = w_load(n, k / W_ELEMS + at % CHUNKS);
        }
    }
}

void share() {
    [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        if (A_EVEN || at < BLOCK_M * OCTETS) {
            a_tile[at / OCTETS * ROW + at % OCTETS] = a_next[i];
        }
    }
    [[unroll]] for (uint i = 0; i < W_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        if (W_EVEN || at < BLOCK_N * CHUNKS) {
            uint to = at / CHUNKS * ROW + at % CHUNKS * (W_ELEMS / 8);
            uint pairs[W_ELEMS / 2];
            w_decode_half(w_next[i], pairs);
            [[unroll]] for (uint o = 0; o < W_ELEMS / 8; o++) {
                w_tile[to + o] = uvec4(pairs[4 * o], pairs[4 * o + 1], pairs[4 * o + 2], pairs[4 * o + 3]);
            }
        }
    }
}

#define SUMS coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>
SUMS sums[FRAGMENTS_M * FRAGMENTS_N];

void multiply(uint row_m, uint row_n) {
    coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_K, gl_MatrixUseA> x[FRAGMENTS_M];
    coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_N, gl_MatrixUseB> w;
    [[unroll]] for (uint k = 0; k < BLOCK_K / FRAGMENT_K; k++) {
        [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
            coopMatLoad(x[i], a_tile, (row_m + i * FRAGMENT_M) * ROW + k * (FRAGMENT_K / 8), ROW,
                gl_CooperativeMatrixLayoutRowMajor);
        }
        [[unroll]] for (uint j = 0; j < FRAGMENTS_N; j++) {
            coopMatLoad(w, w_tile, (row_n + j * FRAGMENT_N) * ROW + k * (FRAGMENT_K / 8), ROW,
                gl_CooperativeMatrixLayoutColumnMajor);
            [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
                sums[i * FRAGMENTS_N + j] = coopMatMulAdd(x[i], w, sums[i * FRAGMENTS_N + j]);
            }
        }
    }
}

// Where fragment (i, j) of a subgroup's part at (m, n) begins in C.
uint output_at(uint m, uint n, uint i, uint j) {
    return (m + i * FRAGMENT_M) * push.outputStride + push.outputOffset + n + j * FRAGMENT_N;
}

void store_whole(uint to, SUMS sum) {
#ifdef OUTPUT_F16
    [[unroll]] for (int i = 0; i < sum.length(); i++) {
        sum[i] = clamp(sum[i], -65504.0, 65504.0);
    }
    coopMatStore(coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>(sum),
        c, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
#else
    coopMatStore(sum, c, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
#endif
}

// A fragment that may reach over the edge goes through shared memory, element by element.
void store_edge(uint m, uint n, SUMS sum) {
    uint area = gl_SubgroupID * FRAGMENT_AREA;
    coopMatStore(sum, edge, area, FRAGMENT_N, gl_CooperativeMatrixLayoutRowMajor);
    subgroupMemoryBarrierShared();
    subgroupBarrier();
    for (uint i = gl_SubgroupInvocationID; i < FRAGMENT_AREA; i += SUBGROUP_SIZE) {
        uint row = m + i / FRAGMENT_N;
        uint column = n + i % FRAGMENT_N;
        if (row < push.seqLen && column < push.rows) {
            uint to = row * push.outputStride + push.outputOffset + column;
#ifdef OUTPUT_F16
            c[to] = float16_t(clamp(edge[area + i], -65504.0, 65504.0));
#else
            c[to] = ACCUMULATE != 0 ? c[to] + edge[area + i] : edge[area + i];
#endif
        }
    }
    subgroupBarrier();
}

void main() {
    uint first_m = gl_WorkGroupID.x * BLOCK_M;
    uint first_n = gl_WorkGroupID.y * BLOCK_N;
    uint row_m = gl_SubgroupID % SUBGROUPS_M * FRAGMENTS_M * FRAGMENT_M;
    uint row_n = gl_SubgroupID / SUBGROUPS_M * FRAGMENTS_N * FRAGMENT_N;

    bool whole = first_m + BLOCK_M <= push.seqLen && first_n + BLOCK_N <= push.rows;
    [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
        [[unroll]] for (uint j = 0; j < FRAGMENTS_N; j++) {
            sums[i * FRAGMENTS_N + j] = SUMS(0.0);
#ifndef OUTPUT_F16
            if (ACCUMULATE != 0 && whole) {
                // Here rather than at the end, where C would need registers beside the sums.
                coopMatLoad(sums[i * FRAGMENTS_N + j], c, output_at(first_m + row_m, first_n + row_n, i, j), push.outputStride,
                    gl_CooperativeMatrixLayoutRowMajor);
            }
#endif
        }
    }
    fetch(first_m, first_n, 0);
    share();
    barrier();
    for (uint k = 0; k < push.kPadded; k += BLOCK_K) {
        bool more = k + BLOCK_K < push.kPadded;
        if (more) {
            fetch(first_m, first_n, k + BLOCK_K);
        }
        multiply(row_m, row_n);
        barrier();
        if (more) {
            share();
        }
        barrier();
    }

    [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
        [[unroll]] for (uint j = 0; j < FRAGMENTS_N; j++) {
            if (whole) {
                store_whole(output_at(first_m + row_m, first_n + row_n, i, j), sums[i * FRAGMENTS_N + j]);
            } else {
                store_edge(first_m + row_m + i * FRAGMENT_M, first_n + row_n + j * FRAGMENT_N, sums[i * FRAGMENTS_N + j]);
            }
        }
    }
}
