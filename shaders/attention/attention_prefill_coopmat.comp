#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_vote : require
#extension GL_GOOGLE_include_directive : require
// Causal attention of a block of queries of one head over a float16 cache, on the matrix units: scores and P V with
// float16 inputs and float32 sums, softmax by any SCHEME in float32 (FlashAttention-2, Dao 2023). Each subgroup owns
// FRAGMENT_M queries, so that the softmax needs no barrier across subgroups; keys and values are staged once for all of
// them. Workgroup x is the block of queries, y the head.
//
// Weights are float16, which ends at 65504: the frame of the asynchronized scheme lies 15 · ln 2 below the guard's upper
// bound, so that a weight inside the range is below 2^15. A sum of weights below 1 would rest on float16's subnormal numbers:
// such a row is computed anew, as is one with a score outside the range. Other schemes have a weight of 1 in every row, and
// none above 2^8.
//
// A row that is no number is computed anew as well: a NaN or an infinity among the values gets into rows that do not see it
// (0 · NaN is NaN). The second pass is synchronized, and careful: it takes such values as zero, and makes each row that
// sees one NaN.
// OUTPUT_F16: the output is float16, for the matrix units.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_DIM = 128; // a multiple of FRAGMENT_N, FRAGMENT_K and 8
layout(constant_id = 2) const uint BLOCK_KV = 32;  // a multiple of FRAGMENT_N, FRAGMENT_K and 4 * LANES_PER_ROW
layout(constant_id = 3) const uint SUBGROUPS = 4;
layout(constant_id = 4) const uint SUBGROUP_SIZE = 32; // a multiple of FRAGMENT_M
layout(constant_id = 5) const uint FRAGMENT_M = 16;
layout(constant_id = 6) const uint FRAGMENT_N = 16;
layout(constant_id = 7) const uint FRAGMENT_K = 16;
layout(constant_id = 8) const uint SCHEME = 1;

#define SOFTMAX_STATS_BINDING 4
#include "push/attention_prefill.glsl"
#include "softmax_scheme.glsl"
#include "softmax_stats.glsl"
#include "attention_mask.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Query { uvec4 query[]; };
layout(set = 0, binding = 1, std430) readonly buffer KCache { uvec4 k_cache[]; };
layout(set = 0, binding = 2, std430) readonly buffer VCache { uvec4 v_cache[]; };
#ifdef OUTPUT_F16
#define OUT_TYPE float16_t
#else
#define OUT_TYPE float
#endif
layout(set = 0, binding = 3, std430) writeonly buffer Output { OUT_TYPE attended[]; };

// 15 · ln 2: exp(score - frame) is below 2^15 where the score is below frame + MAX_EXPONENT.
const float MAX_EXPONENT = 10.397207708399179;
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint BLOCK_Q = SUBGROUPS * FRAGMENT_M;
const uint OCTETS = HEAD_DIM / 8; // eight float16 are one 16-byte word
const uint ROW = OCTETS + 1;      // one word of padding: neighbouring rows start in different banks
const uint LOADS = (BLOCK_KV * OCTETS + THREADS - 1) / THREADS;
const uint LANES_PER_ROW = SUBGROUP_SIZE / FRAGMENT_M;
const uint SCORE_QUADS = BLOCK_KV / 4 / LANES_PER_ROW; // scores per lane, in quads
const uint SCORE_ROW = BLOCK_KV / 4 + 1;               // in quads
const uint WEIGHT_ROW = BLOCK_KV / 8 + 1;              // in words of eight
const uint FRAGMENTS_KV = BLOCK_KV / FRAGMENT_N;
const uint FRAGMENTS_D = HEAD_DIM / FRAGMENT_N;

const uint TILE_ROWS = 2 * BLOCK_KV > BLOCK_Q ? 2 * BLOCK_KV : BLOCK_Q;
shared uvec4 tile[TILE_ROWS * ROW];         // at first the queries, then keys and below them values
shared vec4 scores[BLOCK_Q * SCORE_ROW];
shared uvec2 weights[BLOCK_Q * WEIGHT_ROW * 2]; // exp(score - maximum), float16
shared float factors[BLOCK_Q];
shared uint row_anew[BLOCK_Q];  // OUTSIDE, NOT_FINITE
shared uint poisoned[BLOCK_KV]; // keys whose value has an element that is no finite number

const uint OUTSIDE = 1;
const uint NOT_FINITE = 2;

#define SUMS coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>
#define LEFT coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_K, gl_MatrixUseA>
#define RIGHT coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_N, gl_MatrixUseB>

uvec4 k_next[LOADS];
uvec4 v_next[LOADS];
SUMS sums[FRAGMENTS_D];

// Beyond kv_len the cache is undefined: zeros keep a NaN there out of the sums.
void fetch(uint cache_at, uint first_kv, uint kv_len) {
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        bool inside = at < BLOCK_KV * OCTETS && first_kv + at / OCTETS < kv_len;
        k_next[i] = inside ? k_cache[cache_at + first_kv * OCTETS + at] : uvec4(0);
        v_next[i] = inside ? v_cache[cache_at + first_kv * OCTETS + at] : uvec4(0);
    }
}

// Two float16 values with those replaced by zero that are not finite.
uint finite_pair(uint pair) {
    uint low = (pair & 0x7C00u) == 0x7C00u ? 0u : 0xFFFFu;
    uint high = (pair & 0x7C000000u) == 0x7C000000u ? 0u : 0xFFFF0000u;
    return pair & (low | high);
}

void share(bool careful) {
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        if (at < BLOCK_KV * OCTETS) {
            if (careful) {
                uvec4 v = v_next[i];
                v_next[i] = uvec4(finite_pair(v.x), finite_pair(v.y), finite_pair(v.z), finite_pair(v.w));
                if (v_next[i] != v) poisoned[at / OCTETS] = 1;
            }
            tile[at / OCTETS * ROW + at % OCTETS] = k_next[i];
            tile[(BLOCK_KV + at / OCTETS) * ROW + at % OCTETS] = v_next[i];
        }
    }
}

void subgroup_exchange() {
    subgroupMemoryBarrierShared();
    subgroupBarrier();
}

// Multiplies each row of the sums with its factor: loading the factors with stride 0 spreads them over the columns
// in whatever way the device lays out a fragment.
void scale_rows(uint first_row) {
    SUMS factor;
    coopMatLoad(factor, factors, first_row, 0, gl_CooperativeMatrixLayoutColumnMajor);
    [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
        [[unroll]] for (int i = 0; i < factor.length(); i++) {
            sums[d][i] *= factor[i];
        }
    }
}

void main() {
    uint thread = gl_LocalInvocationID.x;
    // The last block sees the most keys: it starts first.
    uint first_q = (gl_NumWorkGroups.x - 1 - gl_WorkGroupID.x) * BLOCK_Q;
    uint head = gl_WorkGroupID.y;
    uint cache_at = head / push.groupSize * push.capacity * OCTETS;
    uint kv_len = push.startPosition + min(first_q + BLOCK_Q, push.seqLen);
    uint first_row = gl_SubgroupID * FRAGMENT_M;

    for (uint i = thread; i < BLOCK_Q * OCTETS; i += THREADS) {
        uint q = first_q + i / OCTETS;
        tile[i / OCTETS * ROW + i % OCTETS] = q < push.seqLen
            ? query[q * (push.queryStride / 8) + head * OCTETS + i % OCTETS] : uvec4(0);
    }
    uint begin_kv = first_key(first_q) / BLOCK_KV * BLOCK_KV;
    if (thread < BLOCK_Q) {
        row_anew[thread] = 0;
    }
    barrier();
    LEFT queries[HEAD_DIM / FRAGMENT_K];
    [[unroll]] for (uint d = 0; d < HEAD_DIM / FRAGMENT_K; d++) {
        coopMatLoad(queries[d], tile, first_row * ROW + d * (FRAGMENT_K / 8), ROW, gl_CooperativeMatrixLayoutRowMajor);
    }
    uint row = first_row + gl_SubgroupInvocationID / LANES_PER_ROW;
    uint first_quad = gl_SubgroupInvocationID % LANES_PER_ROW * SCORE_QUADS;
    uint position = push.startPosition + first_q + row;

    // The second pass is for marked rows; the block has nothing more to do where there are none.
    for (uint pass = 0; pass < 2; pass++) {
        bool careful = pass == 1;
        uint scheme = careful ? SYNCHRONIZED : SCHEME;
        fetch(cache_at, begin_kv, kv_len);
        [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
            sums[d] = SUMS(0.0);
        }

        float row_frame = scheme == ASYNCHRONIZED ? push.upper - MAX_EXPONENT : NO_SCORE;
        bool outside = false;
        float row_sum = 0.0; // of this lane's columns

        for (uint first_kv = begin_kv; first_kv < kv_len; first_kv += BLOCK_KV) {
            barrier(); // the tile has been used
            if (careful) {
                if (thread < BLOCK_KV) {
                    poisoned[thread] = 0;
                }
                barrier();
            }
            share(careful);
            barrier();
            if (first_kv + BLOCK_KV < kv_len) {
                fetch(cache_at, first_kv + BLOCK_KV, kv_len);
            }

            [[unroll]] for (uint j = 0; j < FRAGMENTS_KV; j++) {
                SUMS score = SUMS(0.0);
                [[unroll]] for (uint d = 0; d < HEAD_DIM / FRAGMENT_K; d++) {
                    RIGHT k;
                    coopMatLoad(k, tile, j * FRAGMENT_N * ROW + d * (FRAGMENT_K / 8), ROW,
                        gl_CooperativeMatrixLayoutColumnMajor);
                    score = coopMatMulAdd(queries[d], k, score);
                }
                coopMatStore(score, scores, first_row * SCORE_ROW + j * (FRAGMENT_N / 4), SCORE_ROW,
                    gl_CooperativeMatrixLayoutRowMajor);
            }
            subgroup_exchange();

            vec4 mine[SCORE_QUADS];
            float highest = NO_SCORE;
            [[unroll]] for (uint i = 0; i < SCORE_QUADS; i++) {
                mine[i] = scores[row * SCORE_ROW + first_quad + i] * push.scale;
                [[unroll]] for (uint j = 0; j < 4; j++) {
                    if (push.softCap > 0.0) mine[i][j] = soft_cap(mine[i][j], push.softCap);
                    if (is_visible(first_kv + 4 * (first_quad + i) + j, position)) highest = max(highest, mine[i][j]);
                }
            }
            bool rescale = false;
            if (scheme != ASYNCHRONIZED) {
                [[unroll]] for (uint lane = 1; lane < LANES_PER_ROW; lane *= 2) {
                    highest = max(highest, subgroupShuffleXor(highest, lane));
                }
                float frame = next_frame(scheme, row_frame, highest);
                float factor = softmax_weight(row_frame, frame);
                rescale = scheme == SYNCHRONIZED || subgroupAny(frame != row_frame);
                row_frame = frame;
                row_sum *= factor;
                factors[row] = factor;
            }
            [[unroll]] for (uint i = 0; i < SCORE_QUADS; i++) {
                vec4 p;
                [[unroll]] for (uint j = 0; j < 4; j++) {
                    uint column = 4 * (first_quad + i) + j;
                    float score = mine[i][j];
                    bool visible = is_visible(first_kv + column, position);
                    outside = outside || (visible && is_outside(score, push.lower, push.upper));
                    p[j] = visible ? softmax_weight(score, row_frame) : 0.0;
                    if (careful && visible && poisoned[column] != 0) row_sum = uintBitsToFloat(0x7FC00000u); // NaN
                }
                row_sum += p.x + p.y + p.z + p.w;
                weights[row * WEIGHT_ROW * 2 + first_quad + i] = uvec2(packHalf2x16(p.xy), packHalf2x16(p.zw));
            }
            subgroup_exchange();

            if (rescale) {
                scale_rows(first_row);
            }
            [[unroll]] for (uint kv = 0; kv < BLOCK_KV / FRAGMENT_K; kv++) {
                LEFT p;
                coopMatLoad(p, weights, first_row * WEIGHT_ROW * 2 + kv * (FRAGMENT_K / 4), WEIGHT_ROW * 2,
                    gl_CooperativeMatrixLayoutRowMajor);
                [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
                    RIGHT v;
                    coopMatLoad(v, tile, (BLOCK_KV + kv * FRAGMENT_K) * ROW + d * (FRAGMENT_N / 8), ROW,
                        gl_CooperativeMatrixLayoutRowMajor);
                    sums[d] = coopMatMulAdd(p, v, sums[d]);
                }
            }
            subgroup_exchange();
        }

        [[unroll]] for (uint lane = 1; lane < LANES_PER_ROW; lane *= 2) {
            row_sum += subgroupShuffleXor(row_sum, lane);
        }
        bool is_query = first_q + row < push.seqLen;
        factors[row] = is_query ? 1.0 / row_sum : 0.0;
        if (scheme == ASYNCHRONIZED && is_query && (outside || !(row_sum >= 1.0))) {
            atomicOr(row_anew[row], OUTSIDE);
        }
        subgroup_exchange();
        scale_rows(first_row);

        // Which rows a lane holds is the device's business: it marks all of its subgroup.
        bool finite = true;
        [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
            [[unroll]] for (int i = 0; i < sums[d].length(); i++) {
                finite = finite && is_finite(sums[d][i]);
            }
        }
        if (!subgroupAll(finite)) {
            atomicOr(row_anew[row], NOT_FINITE);
        }
        barrier();
        uint marks = 0;
        uint rows_outside = 0;
        for (uint i = 0; i < BLOCK_Q; i++) {
            marks |= row_anew[i];
            rows_outside += row_anew[i] & OUTSIDE;
        }
        if (!careful && SCHEME == ASYNCHRONIZED && thread == 0) {
            count_rows(min(BLOCK_Q, push.seqLen - first_q), rows_outside);
        }

        // The same for the whole workgroup: a CPU device runs subgroup barriers in step for all of its subgroups.
        bool whole = marks == 0 && first_q + BLOCK_Q <= push.seqLen;
        [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
            uint to = (first_q + first_row) * push.outputStride + head * HEAD_DIM + d * FRAGMENT_N;
            if (whole) {
                coopMatStore(coopmat<OUT_TYPE, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>(sums[d]),
                    attended, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
            } else {
                subgroup_exchange();
                coopMatStore(sums[d], scores, first_row * SCORE_ROW, SCORE_ROW, gl_CooperativeMatrixLayoutRowMajor);
                subgroup_exchange();
                for (uint i = gl_SubgroupInvocationID; i < FRAGMENT_M * FRAGMENT_N; i += SUBGROUP_SIZE) {
                    uint r = i / FRAGMENT_N;
                    uint column = i % FRAGMENT_N;
                    if (first_q + first_row + r < push.seqLen && (row_anew[first_row + r] != 0) == careful) {
                        attended[to + r * push.outputStride + column] =
                            OUT_TYPE(scores[(first_row + r) * SCORE_ROW + column / 4][column % 4]);
                    }
                }
            }
        }
        if (marks == 0) {
            break;
        }
    }
}
