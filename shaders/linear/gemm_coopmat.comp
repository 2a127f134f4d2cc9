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
// hold their share of the sums in fragments. While one slice of K is multiplied, the next DEPTH are on their way in registers.
// SPLITS workgroups (z) share a tile and divide its K: the last to arrive adds up what all of them have, in their order, so that
// a tile's sums do not depend on who comes when.
// GATE: the weights are [gate | up], each of half the rows; a subgroup takes as many of both, and C = f(gate) · up.
// OUTPUT_F16: C is float16 (Store only).
// GROUPED, BIAS, FUNCTION: gemm_groups.glsl; Store and one split only.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint BLOCK_M = 128;
layout(constant_id = 2) const uint BLOCK_N = 128;
layout(constant_id = 3) const uint ACCUMULATE = 0; // 1: C += A Wᵀ; 2: the same, and C is added at last in every tile
layout(constant_id = 4) const uint SUBGROUPS_M = 2;
layout(constant_id = 5) const uint SUBGROUPS_N = 2;
layout(constant_id = 6) const uint SUBGROUP_SIZE = 32;
layout(constant_id = 7) const uint FRAGMENT_M = 16;
layout(constant_id = 8) const uint FRAGMENT_N = 16;
layout(constant_id = 9) const uint FRAGMENT_K = 16;
layout(constant_id = 10) const uint DEPTH = 1; // slices in flight
layout(constant_id = 11) const uint SPLITS = 1;
layout(constant_id = 12) const uint GATE = 0;  // an activation; 0: none
layout(constant_id = 13) const bool GROUPED = false;
layout(constant_id = 14) const bool BIAS = false;
layout(constant_id = 15) const uint FUNCTION = 0;

#include "push/gemm.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "weights/half.glsl"
#include "gemm_groups.glsl"

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
layout(set = 0, binding = 7, std430) coherent buffer Partials { float partials[]; }; // [tiles][SPLITS][BLOCK_M * BLOCK_N]
layout(set = 0, binding = 8, std430) coherent buffer Arrivals { uint arrivals[]; };  // [tiles], zero between products

const uint BLOCK_K = 64;
const uint OCTETS = BLOCK_K / 8; // eight float16 are one 16-byte word, the unit of everything shared
const uint ROW = OCTETS + 1;     // one word of padding: neighbouring rows start in different banks
const uint SUBGROUPS = SUBGROUPS_M * SUBGROUPS_N;
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint FRAGMENTS_M = BLOCK_M / SUBGROUPS_M / FRAGMENT_M;
const uint FRAGMENTS_N = BLOCK_N / SUBGROUPS_N / FRAGMENT_N;
const uint FRAGMENTS = FRAGMENTS_M * FRAGMENTS_N;
const uint SUBGROUP_ROWS = FRAGMENTS_N * FRAGMENT_N;                   // of weights
const uint CHUNKS = BLOCK_K / W_ELEMS;                                 // weight loads per row of a tile
const uint A_LOADS = (BLOCK_M * OCTETS + THREADS - 1) / THREADS;       // per invocation and slice
const uint W_LOADS = (BLOCK_N * CHUNKS + THREADS - 1) / THREADS;
const bool A_EVEN = BLOCK_M * OCTETS % THREADS == 0;
const bool W_EVEN = BLOCK_N * CHUNKS % THREADS == 0;
const uint FRAGMENT_AREA = FRAGMENT_M * FRAGMENT_N;
const uint ROWS_PER_COLUMN = GATE == 0 ? 1 : 2;                        // rows of weights for a column of C
const uint COLUMNS = BLOCK_N / ROWS_PER_COLUMN;                        // of C, in a tile
const uint OUTPUTS_N = FRAGMENTS_N / ROWS_PER_COLUMN;                  // fragments of C along n, in a subgroup
const bool BEGINS_WITH_C = ACCUMULATE == 1 && SPLITS == 1;             // in whole tiles

const uint TILES = (BLOCK_M + BLOCK_N) * ROW;
const uint EDGE = FRAGMENT_AREA / 4 * (GROUPED ? ROWS_PER_COLUMN : 1);
const uint EDGES = SUBGROUPS * EDGE;
// Rows of A, then of the weights; at last one fragment per subgroup, for tiles over the edge; where GROUPED one of up, too.
shared uvec4 tiles[TILES > EDGES ? TILES : EDGES];
shared uint arrival;

uvec4 a_next[DEPTH * A_LOADS];
WRaw w_next[DEPTH * W_LOADS];
uint a_rows[GROUPED ? A_LOADS : 1]; // looked up once, before all loads that go by them

// Of shared memory alone: a barrier that covers buffers, too, waits for the loads under way.
void exchange() {
    controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

// The row of weights that stands in a row of the tile; rows beyond the edge are computed and not stored.
uint weight_row(uint first_n, uint row) {
    if (GATE == 0) return row_of_gate(min(first_n + row, push.rows - 1));
    const uint half_rows = SUBGROUP_ROWS / 2;
    uint within = row % SUBGROUP_ROWS;
    uint column = min(first_n + row / SUBGROUP_ROWS * half_rows + within % half_rows, push.rows / 2 - 1);
    return within < half_rows ? row_of_gate(column) : row_of_up(column);
}

void find_rows() {
    [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
        a_rows[i] = row_of_a(min(first_m + (gl_LocalInvocationID.x + i * THREADS) / OCTETS, end_m - 1));
    }
}

void fetch(uint slot, uint first_n, uint k) {
    [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        uint m = GROUPED ? a_rows[i] : min(first_m + at / OCTETS, end_m - 1);
        if (A_EVEN || at < BLOCK_M * OCTETS) {
            a_next[slot * A_LOADS + i] = a[m * (push.kPadded / 8) + k / 8 + at % OCTETS];
        }
    }
    [[unroll]] for (uint i = 0; i < W_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        if (W_EVEN || at < BLOCK_N * CHUNKS) {
            w_next[slot * W_LOADS + i] = w_load(weight_row(first_n, at / CHUNKS), k / W_ELEMS + at % CHUNKS);
        }
    }
}

void share(uint slot) {
    [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        if (A_EVEN || at < BLOCK_M * OCTETS) {
            tiles[at / OCTETS * ROW + at % OCTETS] = a_next[slot * A_LOADS + i];
        }
    }
    [[unroll]] for (uint i = 0; i < W_LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        if (W_EVEN || at < BLOCK_N * CHUNKS) {
            uint to = (BLOCK_M + at / CHUNKS) * ROW + at % CHUNKS * (W_ELEMS / 8);
            uint pairs[W_ELEMS / 2];
            w_decode_half(w_next[slot * W_LOADS + i], pairs);
            [[unroll]] for (uint o = 0; o < W_ELEMS / 8; o++) {
                tiles[to + o] = uvec4(pairs[4 * o], pairs[4 * o + 1], pairs[4 * o + 2], pairs[4 * o + 3]);
            }
        }
    }
}

#define SUMS coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>
SUMS sums[FRAGMENTS];

void multiply(uint row_m, uint row_n) {
    coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_K, gl_MatrixUseA> x[FRAGMENTS_M];
    coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_N, gl_MatrixUseB> w;
    [[unroll]] for (uint k = 0; k < BLOCK_K / FRAGMENT_K; k++) {
        [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
            coopMatLoad(x[i], tiles, (row_m + i * FRAGMENT_M) * ROW + k * (FRAGMENT_K / 8), ROW,
                gl_CooperativeMatrixLayoutRowMajor);
        }
        [[unroll]] for (uint j = 0; j < FRAGMENTS_N; j++) {
            coopMatLoad(w, tiles, (BLOCK_M + row_n + j * FRAGMENT_N) * ROW + k * (FRAGMENT_K / 8), ROW,
                gl_CooperativeMatrixLayoutColumnMajor);
            [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
                sums[i * FRAGMENTS_N + j] = coopMatMulAdd(x[i], w, sums[i * FRAGMENTS_N + j]);
            }
        }
    }
}

// Writes the subgroup's sums beside those of the others that share the tile, and for the last of them adds up all.
bool is_last_of_tile() {
    uint tile = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    uint first = tile * SPLITS * BLOCK_M * BLOCK_N + gl_SubgroupID * FRAGMENTS * FRAGMENT_AREA;
    [[unroll]] for (uint i = 0; i < FRAGMENTS; i++) {
        coopMatStore(sums[i], partials, first + gl_WorkGroupID.z * BLOCK_M * BLOCK_N + i * FRAGMENT_AREA, FRAGMENT_N,
            gl_CooperativeMatrixLayoutRowMajor);
    }
    memoryBarrierBuffer();
    barrier();
    if (gl_LocalInvocationID.x == 0) {
        arrival = atomicAdd(arrivals[tile], 1);
        if (arrival == SPLITS - 1) atomicExchange(arrivals[tile], 0);
    }
    barrier();
    if (arrival != SPLITS - 1) return false;
    memoryBarrierBuffer();
    [[unroll]] for (uint i = 0; i < FRAGMENTS; i++) {
        coopMatLoad(sums[i], partials, first + i * FRAGMENT_AREA, FRAGMENT_N, gl_CooperativeMatrixLayoutRowMajor);
    }
    for (uint split = 1; split < SPLITS; split++) {
        [[unroll]] for (uint i = 0; i < FRAGMENTS; i++) {
            SUMS part;
            coopMatLoad(part, partials, first + split * BLOCK_M * BLOCK_N + i * FRAGMENT_AREA, FRAGMENT_N,
                gl_CooperativeMatrixLayoutRowMajor);
            sums[i] += part;
        }
    }
    return true;
}

void store_whole(uint to, SUMS sum, bool add) {
#ifdef OUTPUT_F16
    [[unroll]] for (int i = 0; i < sum.length(); i++) {
        sum[i] = clamp(sum[i], -65504.0, 65504.0);
    }
    coopMatStore(coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>(sum),
        c, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
#else
    if (ACCUMULATE != 0 && add) {
        SUMS before;
        coopMatLoad(before, c, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
        sum += before;
    }
    coopMatStore(sum, c, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
#endif
}

// A fragment of a tile that reaches over the edge. One that does not itself is stored whole; else it goes through shared memory, element by
// element. All subgroups meet the same barriers, whatever they store: lavapipe waits for the whole workgroup at a subgroup's barrier.
void store_at_edge(uint m, uint n, uint to, SUMS sum) {
    const uint columns = push.rows / ROWS_PER_COLUMN;
    const uint area = gl_SubgroupID * (FRAGMENT_AREA / 4);
    const bool inside = m + FRAGMENT_M <= end_m && n + FRAGMENT_N <= columns;
    if (!inside) coopMatStore(sum, tiles, area, FRAGMENT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
    subgroupMemoryBarrierShared();
    subgroupBarrier();
    if (inside) {
        store_whole(to, sum, true);
    } else if (m < end_m && n < columns) {
        for (uint i = gl_SubgroupInvocationID; i < FRAGMENT_AREA; i += SUBGROUP_SIZE) {
            uint row = i / FRAGMENT_N;
            uint column = i % FRAGMENT_N;
            if (m + row < end_m && n + column < columns) {
                uint at = to + row * push.outputStride + column;
                float value = uintBitsToFloat(tiles[area + i / 4][i % 4]);
#ifdef OUTPUT_F16
                c[at] = float16_t(clamp(value, -65504.0, 65504.0));
#else
                c[at] = ACCUMULATE != 0 ? c[at] + value : value;
#endif
            }
        }
    }
    subgroupBarrier();
}

// A fragment of pairs, whose rows of C lie anywhere; all subgroups meet the same barriers, as before.
void store_grouped(uint m, uint n, SUMS sum, SUMS up) {
    const uint area = gl_SubgroupID * EDGE;
    coopMatStore(sum, tiles, area, FRAGMENT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
    if (GATE != 0) coopMatStore(up, tiles, area + FRAGMENT_AREA / 4, FRAGMENT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
    subgroupMemoryBarrierShared();
    subgroupBarrier();
    for (uint i = gl_SubgroupInvocationID; i < FRAGMENT_AREA; i += SUBGROUP_SIZE) {
        const uint pair = m + i / FRAGMENT_N;
        const uint column = n + i % FRAGMENT_N;
        if (pair < end_m && column < columns_of_c()) {
            const uint from = area + i / 4;
            const float second = GATE != 0 ? uintBitsToFloat(tiles[from + FRAGMENT_AREA / 4][i % 4]) : 0.0;
            const float value = finished(column, uintBitsToFloat(tiles[from][i % 4]), second);
#ifdef OUTPUT_F16
            c[row_of_c(pair) * push.outputStride + column] = float16_t(clamp(value, -65504.0, 65504.0));
#else
            c[row_of_c(pair) * push.outputStride + column] = value;
#endif
        }
    }
    subgroupBarrier();
}

void main() {
    if (!take_tile(BLOCK_M)) return;
    w_prepare();
    if (GROUPED) find_rows();
    uint first_n = gl_WorkGroupID.y * COLUMNS;
    uint row_m = gl_SubgroupID % SUBGROUPS_M * FRAGMENTS_M * FRAGMENT_M;
    uint row_n = gl_SubgroupID / SUBGROUPS_M * SUBGROUP_ROWS;
    uint m = first_m + row_m;
    uint n = first_n + gl_SubgroupID / SUBGROUPS_M * OUTPUTS_N * FRAGMENT_N;

    bool whole = first_m + BLOCK_M <= end_m && first_n + COLUMNS <= push.rows / ROWS_PER_COLUMN;
    [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
        [[unroll]] for (uint j = 0; j < FRAGMENTS_N; j++) {
            sums[i * FRAGMENTS_N + j] = SUMS(0.0);
#ifndef OUTPUT_F16
            if (BEGINS_WITH_C && whole) {
                // Here rather than at the end, where C would need registers beside the sums.
                coopMatLoad(sums[i * FRAGMENTS_N + j], c,
                    (m + i * FRAGMENT_M) * push.outputStride + push.outputOffset + n + j * FRAGMENT_N, push.outputStride,
                    gl_CooperativeMatrixLayoutRowMajor);
            }
#endif
        }
    }

    uint split_k = (push.kPadded / BLOCK_K + SPLITS - 1) / SPLITS * BLOCK_K;
    uint first_k = gl_WorkGroupID.z * split_k;
    uint last_k = SPLITS == 1 ? push.kPadded : min(first_k + split_k, push.kPadded);
    if (SPLITS == 1 || first_k < last_k) {
        fetch(0, first_n, first_k);
        share(0);
    }
    [[unroll]] for (uint slot = 1; slot < DEPTH; slot++) {
        if (first_k + slot * BLOCK_K < last_k) fetch(slot, first_n, first_k + slot * BLOCK_K);
    }
    exchange();
    for (uint turn = first_k; turn < last_k; turn += DEPTH * BLOCK_K) {
        [[unroll]] for (uint slot = 0; slot < DEPTH; slot++) {
            uint k = turn + slot * BLOCK_K;
            if (k + DEPTH * BLOCK_K < last_k) fetch(slot, first_n, k + DEPTH * BLOCK_K);
            if (slot == 0 || k < last_k) multiply(row_m, row_n);
            exchange();
            if (k + BLOCK_K < last_k) share((slot + 1) % DEPTH);
            exchange();
        }
    }

    if (SPLITS > 1 && !is_last_of_tile()) return;
    [[unroll]] for (uint i = 0; i < FRAGMENTS_M; i++) {
        [[unroll]] for (uint j = 0; j < OUTPUTS_N; j++) {
            SUMS sum = sums[i * FRAGMENTS_N + j];
            SUMS up = sums[i * FRAGMENTS_N + FRAGMENTS_N - OUTPUTS_N + j]; // where there is a gate
            if (GATE != 0 && !GROUPED) {
                [[unroll]] for (int e = 0; e < sum.length(); e++) {
                    sum[e] = activate(GATE, sum[e]) * up[e];
                }
            }
            uint fragment_m = m + i * FRAGMENT_M;
            uint fragment_n = n + j * FRAGMENT_N;
            uint to = fragment_m * push.outputStride + push.outputOffset + fragment_n;
            if (GROUPED) {
                store_grouped(fragment_m, fragment_n, sum, up);
            } else if (whole) {
                store_whole(to, sum, !BEGINS_WITH_C);
            } else {
                store_at_edge(fragment_m, fragment_n, to, sum);
            }
        }
    }
}
