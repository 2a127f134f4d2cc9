#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_GOOGLE_include_directive : require
// Flat GEMM (FlashDecoding++, section 4): C[m][n] = Σk A[m][k] W[n][k] for few rows m, which a conventional tile would fill
// with padding. The weights are the left operand of the matrix units, so that m lies along their narrow side and is padded
// to 8 where the device has such a shape.
// A subgroup makes ROW_FRAGMENTS fragments of weight rows by M_FRAGMENTS of m; SUBGROUPS_K of them share the same rows and
// divide K, slice by slice, so that matrices with few rows fill the device, too. A slice is BLOCK_K columns: the wider, the
// longer the runs of memory that a row is read in. The loads of the next DEPTH slices are under way while one is multiplied: they
// wait in registers, or, with two STAGES, may be stored while other lanes still multiply. Weights lie in shared memory of each
// subgroup's own, so that no barrier of the workgroup need stand in the loop. SHARE_INPUT: A goes through shared memory, too,
// once for the SUBGROUPS_N subgroups that take the same slice, since fragments read from device memory touch a cache line per
// row. GATE: the weights are [gate | up], each of half the rows; a fragment takes as many of both, and C = f(gate) · up.
// OUTPUT_F16: C is float16 (Store only).
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROW_FRAGMENTS = 1;
layout(constant_id = 2) const uint M_FRAGMENTS = 1;
layout(constant_id = 3) const uint ACCUMULATE = 0; // 1: C += A Wᵀ
layout(constant_id = 4) const uint SUBGROUPS_N = 2;
layout(constant_id = 5) const uint SUBGROUPS_K = 4;
layout(constant_id = 6) const uint SUBGROUP_SIZE = 32;
layout(constant_id = 7) const uint FRAGMENT_ROWS = 16; // along the weights' rows
layout(constant_id = 8) const uint FRAGMENT_M = 8;
layout(constant_id = 9) const uint FRAGMENT_K = 16;
layout(constant_id = 10) const uint BLOCK_K = 64;      // a multiple of 64
layout(constant_id = 11) const uint STAGES = 2;        // 1 or 2
layout(constant_id = 12) const bool SHARE_INPUT = false;
layout(constant_id = 13) const uint DEPTH = 1;         // slices in flight
layout(constant_id = 14) const uint GATE = 0;          // an activation; 0: none

#include "push/gemm.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "weights/half.glsl"
#include "activation.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) readonly buffer Input { uvec4 a[]; }; // padded to whole fragments of m
#ifdef OUTPUT_F16
layout(set = 0, binding = 3, std430) writeonly buffer Output { float16_t c[]; };
#else
layout(set = 0, binding = 3, std430) buffer Output { float c[]; };
#endif

const uint OCTETS = BLOCK_K / 8; // eight float16 are one 16-byte word
const uint ROW = OCTETS + 1;     // one word of padding: neighbouring rows start in different banks
const uint ROWS = ROW_FRAGMENTS * FRAGMENT_ROWS;
const uint SUBGROUPS = SUBGROUPS_N * SUBGROUPS_K;
const uint CHUNKS = BLOCK_K / W_ELEMS; // weight loads per row of a slice
const uint LOADS = (ROWS * CHUNKS + SUBGROUP_SIZE - 1) / SUBGROUP_SIZE;
const bool EVEN = ROWS * CHUNKS % SUBGROUP_SIZE == 0;
const uint INPUT_ROWS = SHARE_INPUT ? M_FRAGMENTS * FRAGMENT_M : 0;
const uint SHARERS = SUBGROUPS_N * SUBGROUP_SIZE;
const uint INPUT_LOADS = (INPUT_ROWS * OCTETS + SHARERS - 1) / SHARERS;
const uint STAGE = ROWS * ROW;
const uint INPUT_STAGE = INPUT_ROWS * ROW;
const uint FIRST_INPUT = SUBGROUPS * STAGES * STAGE;
const uint FRAGMENT_AREA = FRAGMENT_ROWS * FRAGMENT_M;
const uint FRAGMENT_COLUMNS = GATE == 0 ? FRAGMENT_ROWS : FRAGMENT_ROWS / 2; // of C
const uint COLUMNS = ROW_FRAGMENTS * FRAGMENT_COLUMNS;

shared uvec4 stages[FIRST_INPUT + SUBGROUPS_K * STAGES * INPUT_STAGE]; // rows of weights, then of A
shared float partial[SUBGROUPS * FRAGMENT_AREA];

WRaw next[DEPTH * LOADS];
uvec4 next_input[SHARE_INPUT ? DEPTH * INPUT_LOADS : 1];

uint subgroup_n = gl_SubgroupID % SUBGROUPS_N;
uint subgroup_k = gl_SubgroupID / SUBGROUPS_N;
uint sharer = subgroup_n * SUBGROUP_SIZE + gl_SubgroupInvocationID;

// Before shared memory is read by others than wrote it, and before it is written anew. Of shared memory alone: a barrier that
// covers buffers, too, waits for the loads under way.
void exchange() {
    if (SHARE_INPUT && SUBGROUPS_N > 1) {
        controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
    } else {
        controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
    }
}

// The row of weights that stands in a row of the subgroup's fragments.
uint weight_row(uint first_n, uint row) {
    if (GATE == 0) return min(first_n + row, push.rows - 1);
    uint within = row % FRAGMENT_ROWS;
    uint column = min(first_n + row / FRAGMENT_ROWS * FRAGMENT_COLUMNS + within % FRAGMENT_COLUMNS, push.rows / 2 - 1);
    return within < FRAGMENT_COLUMNS ? column : push.rows / 2 + column;
}

// Columns beyond the last are not multiplied: what is loaded for them, the last ones once more, does not matter.
void fetch(uint slot, uint first_n, uint first_m, uint k) {
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        uint at = gl_SubgroupInvocationID + i * SUBGROUP_SIZE;
        if (EVEN || at < ROWS * CHUNKS) {
            next[slot * LOADS + i] = w_load(weight_row(first_n, at / CHUNKS), min(k / W_ELEMS + at % CHUNKS, W_STRIDE - 1));
        }
    }
    [[unroll]] for (uint i = 0; i < INPUT_LOADS; i++) {
        uint at = min(sharer + i * SHARERS, INPUT_ROWS * OCTETS - 1);
        next_input[slot * INPUT_LOADS + i] =
            a[(first_m + at / OCTETS) * (push.kPadded / 8) + min(k / 8 + at % OCTETS, push.kPadded / 8 - 1)];
    }
}

void share(uint slot, uint parity) {
    const uint stage = (gl_SubgroupID * STAGES + parity) * STAGE;
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        uint at = gl_SubgroupInvocationID + i * SUBGROUP_SIZE;
        if (EVEN || at < ROWS * CHUNKS) {
            uint to = stage + at / CHUNKS * ROW + at % CHUNKS * (W_ELEMS / 8);
            uint pairs[W_ELEMS / 2];
            w_decode_half(next[slot * LOADS + i], pairs);
            [[unroll]] for (uint o = 0; o < W_ELEMS / 8; o++) {
                stages[to + o] = uvec4(pairs[4 * o], pairs[4 * o + 1], pairs[4 * o + 2], pairs[4 * o + 3]);
            }
        }
    }
    [[unroll]] for (uint i = 0; i < INPUT_LOADS; i++) {
        uint at = sharer + i * SHARERS;
        uint to = FIRST_INPUT + (subgroup_k * STAGES + parity) * INPUT_STAGE + at / OCTETS * ROW + at % OCTETS;
        if (at < INPUT_ROWS * OCTETS) stages[to] = next_input[slot * INPUT_LOADS + i];
    }
}

#define SUMS coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_M, gl_MatrixUseAccumulator>
SUMS sums[ROW_FRAGMENTS * M_FRAGMENTS];

void multiply_step(uint parity, uint first_m, uint k, uint step) {
    const uint stage = (gl_SubgroupID * STAGES + parity) * STAGE;
    const uint input_stage = FIRST_INPUT + (subgroup_k * STAGES + parity) * INPUT_STAGE;
    coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_K, gl_MatrixUseA> w[ROW_FRAGMENTS];
    coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_M, gl_MatrixUseB> x;
    const uint octet = step * (FRAGMENT_K / 8);
    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
        coopMatLoad(w[i], stages, stage + i * FRAGMENT_ROWS * ROW + octet, ROW, gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint j = 0; j < M_FRAGMENTS; j++) {
        if (SHARE_INPUT) {
            coopMatLoad(x, stages, input_stage + j * FRAGMENT_M * ROW + octet, ROW, gl_CooperativeMatrixLayoutColumnMajor);
        } else {
            coopMatLoad(x, a, (first_m + j * FRAGMENT_M) * (push.kPadded / 8) + k / 8 + octet, push.kPadded / 8,
                gl_CooperativeMatrixLayoutColumnMajor);
        }
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            sums[i * M_FRAGMENTS + j] = coopMatMulAdd(w[i], x, sums[i * M_FRAGMENTS + j]);
        }
    }
}

void multiply(uint parity, uint first_m, uint k) {
    if (BLOCK_K == 64 || k + BLOCK_K <= push.kPadded) {
        [[unroll]] for (uint step = 0; step < BLOCK_K / FRAGMENT_K; step++) multiply_step(parity, first_m, k, step);
    } else {
        for (uint step = 0; k + step * FRAGMENT_K < push.kPadded; step++) multiply_step(parity, first_m, k, step);
    }
}

float partial_sum(uint element) {
    float sum = 0.0;
    [[unroll]] for (uint s = 0; s < SUBGROUPS_K; s++) {
        sum += partial[(subgroup_n + s * SUBGROUPS_N) * FRAGMENT_AREA + element];
    }
    return sum;
}

// Adds up what the subgroups that share rows have of one fragment, and writes it.
void finish(uint n, uint m, SUMS sum) {
    coopMatStore(sum, partial, gl_SubgroupID * FRAGMENT_AREA, FRAGMENT_M, gl_CooperativeMatrixLayoutRowMajor);
    barrier();
    const uint first = subgroup_k * SUBGROUP_SIZE + gl_SubgroupInvocationID;
    for (uint i = first; i < FRAGMENT_COLUMNS * FRAGMENT_M; i += SUBGROUPS_K * SUBGROUP_SIZE) {
        float value = partial_sum(i);
        if (GATE != 0) value = activate(GATE, value) * partial_sum(FRAGMENT_COLUMNS * FRAGMENT_M + i);
        uint column = n + i / FRAGMENT_M;
        uint token = m + i % FRAGMENT_M;
        if (column < (GATE == 0 ? push.rows : push.rows / 2) && token < push.seqLen) {
            uint to = token * push.outputStride + push.outputOffset + column;
#ifdef OUTPUT_F16
            c[to] = float16_t(clamp(value, -65504.0, 65504.0));
#else
            c[to] = ACCUMULATE != 0 ? c[to] + value : value;
#endif
        }
    }
    barrier();
}

void main() {
    w_prepare();
    uint first_m = gl_WorkGroupID.x * M_FRAGMENTS * FRAGMENT_M;
    uint first_n = (gl_WorkGroupID.y * SUBGROUPS_N + subgroup_n) * COLUMNS;
    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS * M_FRAGMENTS; i++) {
        sums[i] = SUMS(0.0);
    }

    const uint STEP = SUBGROUPS_K * BLOCK_K;
    const uint first_k = subgroup_k * BLOCK_K;
    [[unroll]] for (uint slot = 0; slot < DEPTH; slot++) {
        fetch(slot, first_n, first_m, first_k + slot * STEP);
    }
    uint parity = 0;
    // All subgroups take as many turns: on some drivers a barrier of the subgroup is one of the workgroup.
    for (uint turn = 0; turn < push.kPadded; turn += DEPTH * STEP) {
        [[unroll]] for (uint slot = 0; slot < DEPTH; slot++) {
            const uint k = turn + first_k + slot * STEP;
            if (k < push.kPadded) share(slot, parity);
            exchange();
            fetch(slot, first_n, first_m, k + DEPTH * STEP);
            if (k < push.kPadded) multiply(parity, first_m, k);
            if (STAGES == 1) exchange();
            parity = STAGES - 1 - parity;
        }
    }

    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
        [[unroll]] for (uint j = 0; j < M_FRAGMENTS; j++) {
            finish(first_n + i * FRAGMENT_COLUMNS, first_m + j * FRAGMENT_M, sums[i * M_FRAGMENTS + j]);
        }
    }
}
