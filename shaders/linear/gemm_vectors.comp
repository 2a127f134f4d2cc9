#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
// C[m][n] = Σk A[m][k] W[n][k] for a few rows m, as one matrix-vector product for all of them: LANES neighbouring lanes share
// the columns of ROWS rows of the weights, each weight is read and decoded once and meets VECTORS rows of A, which come from
// the cache. The next weights are on their way while the ones before are multiplied. Float32 sums.
// INPUT_F16: A is float16, for devices whose other forms take it so. OUTPUT_F16: C is float16 (Store only).
#ifdef OUTPUT_F16
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROWS = 2;           // of the weights, a power of two
layout(constant_id = 2) const uint VECTORS = 4;        // rows of A
layout(constant_id = 3) const uint ACCUMULATE = 0;     // 1: C += A Wᵀ
layout(constant_id = 4) const uint LANES = 32;         // that share a row: a power of two, at most the subgroup size
layout(constant_id = 5) const uint UNROLL = 1;         // 16-byte loads in flight per row and lane

// Sums [VECTORS, padded][ROWS].
const uint PADDED_VECTORS = VECTORS > 8 ? 16 : VECTORS > 4 ? 8 : VECTORS > 2 ? 4 : VECTORS;
const uint COUNT = PADDED_VECTORS * ROWS;

#include "push/gemm.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "lane_sums.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
#ifdef INPUT_F16
layout(set = 0, binding = 2, std430) readonly buffer Input { uvec4 a[]; };
#else
layout(set = 0, binding = 2, std430) readonly buffer Input { vec4 a[]; };
#endif
#ifdef OUTPUT_F16
layout(set = 0, binding = 3, std430) writeonly buffer Output { float16_t c[]; };
#else
layout(set = 0, binding = 3, std430) buffer Output { float c[]; };
#endif

// The elements of a row of A that a chunk of weights meets.
void load_input(uint row, uint chunk, out vec4 x[W_ELEMS / 4]) {
#ifdef INPUT_F16
    const uint at = row * (push.kPadded / 8) + chunk * (W_ELEMS / 8);
    [[unroll]] for (uint i = 0; i < W_ELEMS / 8; i++) {
        uvec4 halves = a[at + i];
        x[2 * i] = vec4(unpackHalf2x16(halves.x), unpackHalf2x16(halves.y));
        x[2 * i + 1] = vec4(unpackHalf2x16(halves.z), unpackHalf2x16(halves.w));
    }
#else
    const uint at = row * (push.kPadded / 4) + chunk * (W_ELEMS / 4);
    [[unroll]] for (uint i = 0; i < W_ELEMS / 4; i++) x[i] = a[at + i];
#endif
}

void fetch_batch(uint rows[ROWS], uint first, out WRaw raw[UNROLL][ROWS]) {
    [[unroll]] for (uint u = 0; u < UNROLL; u++) {
        const uint chunk = min(first + u * LANES, W_STRIDE - 1);
        [[unroll]] for (uint r = 0; r < ROWS; r++) raw[u][r] = w_load(rows[r], chunk);
    }
}

float sums[COUNT];

void multiply(WRaw raw[ROWS], uint first_m, uint chunk) {
    float w[ROWS][W_ELEMS];
    [[unroll]] for (uint r = 0; r < ROWS; r++) w_decode(raw[r], w[r]);
    [[unroll]] for (uint m = 0; m < VECTORS; m++) {
        vec4 x[W_ELEMS / 4];
        load_input(min(first_m + m, push.seqLen - 1), chunk, x);
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            float sum = sums[m * ROWS + r];
            [[unroll]] for (uint i = 0; i < W_ELEMS; i++) sum = fma(w[r][i], x[i / 4][i % 4], sum);
            sums[m * ROWS + r] = sum;
        }
    }
}

void main() {
    w_prepare();
    const uint lane = gl_SubgroupInvocationID % LANES;
    const uint groups_per_subgroup = gl_SubgroupSize / LANES;
    const uint group = gl_SubgroupID * groups_per_subgroup + gl_SubgroupInvocationID / LANES;
    const uint first_m = gl_WorkGroupID.x * VECTORS;
    const uint first_n = (gl_WorkGroupID.y * gl_NumSubgroups * groups_per_subgroup + group) * ROWS;

    uint rows[ROWS]; // those beyond the edge repeat the last one and are not stored
    [[unroll]] for (uint r = 0; r < ROWS; r++) rows[r] = min(first_n + r, push.rows - 1);
    [[unroll]] for (uint i = 0; i < COUNT; i++) sums[i] = 0.0;

    WRaw now[UNROLL][ROWS];
    fetch_batch(rows, lane, now);
    for (uint first = lane; first < W_STRIDE; first += UNROLL * LANES) {
        WRaw next[UNROLL][ROWS];
        fetch_batch(rows, first + UNROLL * LANES, next);
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            if (first + u * LANES < W_STRIDE) multiply(now[u], first_m, first + u * LANES);
        }
        [[unroll]] for (uint u = 0; u < UNROLL; u++) {
            [[unroll]] for (uint r = 0; r < ROWS; r++) now[u][r] = next[u][r];
        }
    }

    float owned[OWNED];
    sum_over_lanes(sums, lane, owned);
    [[unroll]] for (uint j = 0; j < OWNED; j++) {
        const uint value = owned_value(lane, j);
        const uint m = first_m + value / ROWS;
        const uint n = first_n + value % ROWS;
        if (lane % SHARERS == 0 && value / ROWS < VECTORS && m < push.seqLen && n < push.rows) {
            const uint to = m * push.outputStride + push.outputOffset + n;
#ifdef OUTPUT_F16
            c[to] = float16_t(clamp(owned[j], -65504.0, 65504.0));
#else
            c[to] = ACCUMULATE != 0 ? c[to] + owned[j] : owned[j];
#endif
        }
    }
}
