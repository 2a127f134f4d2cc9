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
// Attention of a block of queries of one head, on the matrix units, over a cache that is float16 or becomes it where it is staged:
// scores and P V with float16 inputs and float32 sums, softmax by any SCHEME in float32 (FlashAttention-2, Dao 2023). Each subgroup owns
// ROW_FRAGMENTS fragments of queries, so that the softmax needs no barrier across subgroups; keys and values are staged once for all of
// them. Workgroup x is the head, y the block of queries: an entry of the list, at most BLOCK_Q rows of one sequence.
//
// Which row an element of a fragment belongs to is the device's business, so there are two ways from scores to weights:
//   in place, where a row need not be known: every key is visible to every query, and no score is above what the frames allow. The
//     frames themselves are a fragment whose columns are all alike; the asynchronized scheme has one frame for all.
//   row by row through shared memory, where a mask cuts through the block or a frame must follow.
// Sums of weights are a product with ones: they come as a fragment that lies as the sums of values do.
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
// Divides a page or is whole pages; a multiple of UNIT_KV, that one of FRAGMENT_N, FRAGMENT_K and 8 * LANES_PER_ROW.
layout(constant_id = 2) const uint BLOCK_KV = 32;
layout(constant_id = 3) const uint SUBGROUPS = 4;
layout(constant_id = 4) const uint SUBGROUP_SIZE = 32; // a multiple of FRAGMENT_M
layout(constant_id = 5) const uint FRAGMENT_M = 16;
layout(constant_id = 6) const uint FRAGMENT_N = 16;
layout(constant_id = 7) const uint FRAGMENT_K = 16;
layout(constant_id = 8) const uint SCHEME = 1;
layout(constant_id = 9) const uint ROW_FRAGMENTS = 1;
layout(constant_id = 10) const uint UNIT_KV = 32;      // keys at a time, of a block's
layout(constant_id = 11) const bool LOCKSTEP = false;  // a barrier of a subgroup is one of the workgroup: all take the same way
layout(constant_id = 12) const bool SINKS = false;     // each head has a score more, without a value
layout(constant_id = 13) const bool SEES_LATER = false; // a query attends to keys behind it, too; else it is causal

#define ROW_LIST_BINDING 1
#define SEQUENCES_BINDING 2
#include "kv_cache.glsl"
#include "push/attention_prefill.glsl"
#include "rows.glsl"
#include "softmax_scheme.glsl"
#include "softmax_stats.glsl"
#include "attention_mask.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Query { uvec4 query[]; };
#ifdef OUTPUT_F16
#define OUT_TYPE float16_t
#else
#define OUT_TYPE float
#endif
layout(set = 0, binding = 3, std430) writeonly buffer Output { OUT_TYPE attended[]; };

layout(set = 0, binding = 4, std430) readonly buffer Sinks { float sinks[]; }; // [heads]

// 15 · ln 2: exp(score - frame) is below 2^15 where the score is below frame + MAX_EXPONENT.
const float MAX_EXPONENT = 10.397207708399179;
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint SUBGROUP_ROWS = ROW_FRAGMENTS * FRAGMENT_M;
const uint BLOCK_Q = SUBGROUPS * SUBGROUP_ROWS;
const uint OCTETS = HEAD_DIM / KV_ELEMS; // chunks of the cache; as eight float16 they are one 16-byte word
const uint ROW = OCTETS + 1;      // one word of padding: neighbouring rows start in different banks
const uint LOADS = (BLOCK_KV * OCTETS + THREADS - 1) / THREADS;
const bool EVEN = BLOCK_KV * OCTETS % THREADS == 0;
const uint BLOCK_PAGES = (BLOCK_KV + PAGE_TOKENS - 1) / PAGE_TOKENS;
const uint LANES_PER_ROW = SUBGROUP_SIZE / FRAGMENT_M;
const uint LANE_OCTETS = UNIT_KV / 8 / LANES_PER_ROW; // scores per lane, in eights
const uint SCORE_ROW = UNIT_KV / 4 + 1;               // in words of four
const uint WEIGHT_ROW = UNIT_KV / 8 + 1;              // in words of eight
const uint FRAGMENTS_KV = UNIT_KV / FRAGMENT_N;
const uint STEPS_KV = UNIT_KV / FRAGMENT_K;
const uint FRAGMENTS_D = HEAD_DIM / FRAGMENT_N;
const uint STEPS_D = HEAD_DIM / FRAGMENT_K;

const uint TILE_ROWS = 2 * BLOCK_KV;
shared uvec4 tile[TILE_ROWS * ROW]; // at first queries, then keys and below them values
// Of one fragment of rows of each subgroup: scores, then weights in float16.
shared uvec4 scratch[SUBGROUPS * FRAGMENT_M * SCORE_ROW];
shared float frames[BLOCK_Q];
shared float factors[BLOCK_Q];
shared uint row_anew[BLOCK_Q];  // OUTSIDE, NOT_FINITE
shared uint poisoned[BLOCK_KV]; // keys whose value has an element that is no finite number
shared uint vote;

const uint OUTSIDE = 1;
const uint NOT_FINITE = 2;
#define NAN uintBitsToFloat(0x7FC00000u)

#define SUMS coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>
#define HALVES coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>
#define LEFT coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_K, gl_MatrixUseA>
#define RIGHT coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_N, gl_MatrixUseB>

uvec2 next_pages[BLOCK_PAGES]; // of the block that is fetched next
KvBits k_next[LOADS];
KvBits v_next[LOADS];
#ifdef KV_Q8_0
uint k_scales[LOADS]; // the words that have them
uint v_scales[LOADS];
#endif
LEFT queries[ROW_FRAGMENTS * STEPS_D];
SUMS sums[ROW_FRAGMENTS * FRAGMENTS_D];
SUMS weight_sums[ROW_FRAGMENTS];
SUMS exponents[ROW_FRAGMENTS]; // the rows' frames in base 2; not of the asynchronized scheme
SUMS scores[ROW_FRAGMENTS * FRAGMENTS_KV];
LEFT weights[ROW_FRAGMENTS * STEPS_KV];

uint first_row = gl_SubgroupID * SUBGROUP_ROWS;
uint lane_row = gl_SubgroupInvocationID / LANES_PER_ROW; // of a fragment
uint lane_octet = gl_SubgroupInvocationID % LANES_PER_ROW * LANE_OCTETS;
uint my_scratch = gl_SubgroupID * FRAGMENT_M * SCORE_ROW;

void subgroup_exchange() {
    controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

// Before shared memory is read by others than wrote it, and before it is written anew. Of shared memory alone: a barrier that
// covers buffers, too, waits for the loads under way.
void exchange() {
    controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

// Looks up where a block of keys lies, before it is fetched: beyond kv_len no page may be there.
void find_pages(uint first_kv, uint kv_len) {
    [[unroll]] for (uint i = 0; i < BLOCK_PAGES; i++) {
        next_pages[i] = page_of(push.blockGroup, min(first_kv + i * PAGE_TOKENS, kv_len - 1));
    }
}

// Beyond kv_len the cache is undefined: zeros keep a NaN there out of the sums.
void fetch(uint kv_head, uint first_kv, uint kv_len) {
    const uint keys = key_at(push.layerAt, kv_head, first_kv, OCTETS);
    const uint values = value_after(push.kvHeads, OCTETS);
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        uint token = at / OCTETS;
        bool inside = (EVEN || at < BLOCK_KV * OCTETS) && first_kv + token < kv_len;
        uvec2 page = next_pages[0];
        uint in_page = keys + at;
        if (BLOCK_PAGES > 1) {
            [[unroll]] for (uint p = 1; p < BLOCK_PAGES; p++) page = token / PAGE_TOKENS == p ? next_pages[p] : page;
            in_page -= token / PAGE_TOKENS * PAGE_TOKENS * OCTETS;
        }
        k_next[i] = inside ? KvChunks(page).chunks[in_page] : KvBits(0);
        v_next[i] = inside ? KvChunks(page).chunks[in_page + values] : KvBits(0);
#ifdef KV_Q8_0
        const uint scales = key_scales_at(push.layerAt, kv_head, first_kv + token, OCTETS) + at % OCTETS / (2 * KV_BLOCK / KV_ELEMS);
        k_scales[i] = inside ? KvWords(page).words[scales] : 0;
        v_scales[i] = inside ? KvWords(page).words[scales + KV_WORDS * values] : 0;
#endif
    }
}

#ifdef KV_Q8_0
// A chunk as float16.
uvec4 halves(uvec2 bits, uint scales, uint octet) {
    const float scale = scale_of(scales, octet / (KV_BLOCK / KV_ELEMS));
    const vec4 low = kv_bytes(bits.x) * scale;
    const vec4 high = kv_bytes(bits.y) * scale;
    return uvec4(packHalf2x16(low.xy), packHalf2x16(low.zw), packHalf2x16(high.xy), packHalf2x16(high.zw));
}
#define K_HALVES(i, octet) halves(k_next[i], k_scales[i], octet)
#define V_HALVES(i, octet) halves(v_next[i], v_scales[i], octet)
#else
#define K_HALVES(i, octet) k_next[i]
#define V_HALVES(i, octet) v_next[i]
#endif

// Two float16 values with those replaced by zero that are not finite.
uint finite_pair(uint pair) {
    uint low = (pair & 0x7C00u) == 0x7C00u ? 0u : 0xFFFFu;
    uint high = (pair & 0x7C000000u) == 0x7C000000u ? 0u : 0xFFFF0000u;
    return pair & (low | high);
}

void share(bool careful) {
    if (careful) {
        for (uint i = gl_LocalInvocationID.x; i < BLOCK_KV; i += THREADS) {
            poisoned[i] = 0;
        }
        exchange();
    }
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        uint at = gl_LocalInvocationID.x + i * THREADS;
        uint to = at / OCTETS * ROW + at % OCTETS;
        if (EVEN || at < BLOCK_KV * OCTETS) {
            uvec4 v = V_HALVES(i, at % OCTETS);
            if (careful) {
                uvec4 finite = uvec4(finite_pair(v.x), finite_pair(v.y), finite_pair(v.z), finite_pair(v.w));
                if (finite != v) poisoned[at / OCTETS] = 1;
                v = finite;
            }
            tile[to] = K_HALVES(i, at % OCTETS);
            tile[to + BLOCK_KV * ROW] = v;
        }
    }
}

// Whether it is so in any lane of those that go the same way.
bool any_lane(bool is_so) {
    if (!LOCKSTEP) return subgroupAny(is_so);
    exchange();
    vote = 0;
    exchange();
    if (is_so) vote = 1;
    exchange();
    return vote != 0;
}

// Loading a value for each row with stride 0 spreads them over the columns in whatever way the device lays out a fragment.
SUMS spread_factors(uint fragment) {
    SUMS spread;
    coopMatLoad(spread, factors, first_row + fragment * FRAGMENT_M, 0, gl_CooperativeMatrixLayoutColumnMajor);
    return spread;
}

void score_block(uint keys) {
    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS * FRAGMENTS_KV; i++) {
        scores[i] = SUMS(0.0);
    }
    [[unroll]] for (uint d = 0; d < STEPS_D; d++) {
        [[unroll]] for (uint j = 0; j < FRAGMENTS_KV; j++) {
            RIGHT k;
            coopMatLoad(k, tile, (keys + j * FRAGMENT_N) * ROW + d * (FRAGMENT_K / 8), ROW,
                gl_CooperativeMatrixLayoutColumnMajor);
            [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
                scores[i * FRAGMENTS_KV + j] = coopMatMulAdd(queries[i * STEPS_D + d], k, scores[i * FRAGMENTS_KV + j]);
            }
        }
    }
    if (push.softCap > 0.0) {
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS * FRAGMENTS_KV; i++) {
            [[unroll]] for (int e = 0; e < scores[i].length(); e++) {
                scores[i][e] = soft_cap(scores[i][e] * push.scale, push.softCap);
            }
        }
    }
}

// What a score is multiplied with for its exponent in base 2.
float exponent_scale() {
    return push.softCap > 0.0 ? LOG2_E : push.scale * LOG2_E;
}

float exponent(uint i, uint j, int e) {
    float frame = SCHEME == ASYNCHRONIZED ? (push.upper - MAX_EXPONENT) * LOG2_E : exponents[i][e];
    return fma(scores[i * FRAGMENTS_KV + j][e], exponent_scale(), -frame);
}

// Exponents up to which a block is done in place: a little below where the row's own comparison decides.
float most_exponent() {
    return SCHEME == ASYNCHRONIZED ? 14.99 : SCHEME == SYNCHRONIZED ? 0.0 : 7.99;
}

// Whether the frames are right for the whole block.
bool fits_frames() {
    float most = NO_SCORE;
    float least = -NO_SCORE;
    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
        [[unroll]] for (uint j = 0; j < FRAGMENTS_KV; j++) {
            [[unroll]] for (int e = 0; e < scores[0].length(); e++) {
                float x = exponent(i, j, e);
                most = max(most, x);
                if (SCHEME == ASYNCHRONIZED) least = min(least, x);
            }
        }
    }
    bool fits = !(most > most_exponent());
    if (SCHEME == ASYNCHRONIZED) fits = fits && least > (push.lower - push.upper + MAX_EXPONENT) * LOG2_E + 0.01;
    return !any_lane(!fits);
}

void load_weights(uint i) {
    subgroup_exchange();
    [[unroll]] for (uint kv = 0; kv < STEPS_KV; kv++) {
        coopMatLoad(weights[i * STEPS_KV + kv], scratch, my_scratch + kv * (FRAGMENT_K / 8), WEIGHT_ROW,
            gl_CooperativeMatrixLayoutRowMajor);
    }
    subgroup_exchange();
}

void weigh_in_place() {
    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
        [[unroll]] for (uint j = 0; j < FRAGMENTS_KV; j++) {
            // Rounded as a whole: in what order a fragment of another type has its elements is not known.
            SUMS exact;
            [[unroll]] for (int e = 0; e < exact.length(); e++) {
                exact[e] = exp2(exponent(i, j, e));
            }
            coopMatStore(HALVES(exact), scratch, my_scratch + j * (FRAGMENT_N / 8), WEIGHT_ROW, gl_CooperativeMatrixLayoutRowMajor);
        }
        load_weights(i);
    }
}

void weigh_rows(uint i, uint scheme, bool careful, uint keys, uint first_kv, uint first_position, uint queries_left) {
    [[unroll]] for (uint j = 0; j < FRAGMENTS_KV; j++) {
        coopMatStore(scores[i * FRAGMENTS_KV + j], scratch, my_scratch + j * (FRAGMENT_N / 4), SCORE_ROW,
            gl_CooperativeMatrixLayoutRowMajor);
    }
    subgroup_exchange();

    uint own = first_row + i * FRAGMENT_M + lane_row;
    uint position = first_position + i * FRAGMENT_M + lane_row;
    float mine[LANE_OCTETS * 8];
    float highest = NO_SCORE;
    [[unroll]] for (uint o = 0; o < LANE_OCTETS * 2; o++) {
        uvec4 word = scratch[my_scratch + lane_row * SCORE_ROW + lane_octet * 2 + o];
        [[unroll]] for (uint c = 0; c < 4; c++) {
            mine[4 * o + c] = push.softCap > 0.0 ? uintBitsToFloat(word[c]) : uintBitsToFloat(word[c]) * push.scale;
            if (is_visible(first_kv + 8 * lane_octet + 4 * o + c, position)) highest = max(highest, mine[4 * o + c]);
        }
    }
    float frame = push.upper - MAX_EXPONENT;
    if (scheme != ASYNCHRONIZED) {
        [[unroll]] for (uint lane = 1; lane < LANES_PER_ROW; lane *= 2) {
            highest = max(highest, subgroupShuffleXor(highest, lane));
        }
        float before = frames[own];
        frame = next_frame(scheme, before, highest);
        factors[own] = softmax_weight(before, frame);
    }
    subgroup_exchange(); // scores have been read

    bool outside = false;
    [[unroll]] for (uint o = 0; o < LANE_OCTETS; o++) {
        float p[8];
        [[unroll]] for (uint c = 0; c < 8; c++) {
            uint column = 8 * (lane_octet + o) + c;
            float score = mine[8 * o + c];
            bool visible = is_visible(first_kv + column, position);
            outside = outside || (visible && is_outside(score, push.lower, push.upper));
            p[c] = visible ? softmax_weight(score, frame) : 0.0;
            if (careful && visible && poisoned[keys + column] != 0) p[c] = NAN;
        }
        scratch[my_scratch + lane_row * WEIGHT_ROW + lane_octet + o] = uvec4(
            packHalf2x16(vec2(p[0], p[1])), packHalf2x16(vec2(p[2], p[3])), packHalf2x16(vec2(p[4], p[5])), packHalf2x16(vec2(p[6], p[7])));
    }
    if (scheme == ASYNCHRONIZED) {
        if (outside && i * FRAGMENT_M + lane_row < queries_left) atomicOr(row_anew[own], OUTSIDE);
    } else {
        frames[own] = frame;
    }
    load_weights(i);
    if (scheme != ASYNCHRONIZED) {
        SUMS factor = spread_factors(i);
        [[unroll]] for (int e = 0; e < factor.length(); e++) {
            weight_sums[i][e] *= factor[e];
            [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
                sums[i * FRAGMENTS_D + d][e] *= factor[e];
            }
        }
        if (SCHEME != ASYNCHRONIZED) {
            coopMatLoad(exponents[i], frames, first_row + i * FRAGMENT_M, 0, gl_CooperativeMatrixLayoutColumnMajor);
            [[unroll]] for (int e = 0; e < factor.length(); e++) {
                exponents[i][e] *= LOG2_E;
            }
        }
    }
}

void add_values(uint keys) {
    const RIGHT ones = RIGHT(1.0);
    [[unroll]] for (uint kv = 0; kv < STEPS_KV; kv++) {
        [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
            RIGHT v;
            coopMatLoad(v, tile, (keys + BLOCK_KV + kv * FRAGMENT_K) * ROW + d * (FRAGMENT_N / 8), ROW,
                gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
                sums[i * FRAGMENTS_D + d] = coopMatMulAdd(weights[i * STEPS_KV + kv], v, sums[i * FRAGMENTS_D + d]);
            }
        }
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            weight_sums[i] = coopMatMulAdd(weights[i * STEPS_KV + kv], ones, weight_sums[i]);
        }
    }
}

void attend(uint keys, uint first_kv, uint scheme, bool careful, uint first_position, uint queries_left) {
    // Where subgroups go their own ways: whether all of its queries see all of the keys, or none sees any.
    uint first_seen = LOCKSTEP ? first_position - first_row : first_position;
    uint last_seen = first_seen + (LOCKSTEP ? BLOCK_Q : SUBGROUP_ROWS) - 1;
    if (!SEES_LATER && first_kv > last_seen) return;
    score_block(keys);
    uint last_kv = first_kv + UNIT_KV - 1;
    bool in_place = !careful && last_kv < (SEES_LATER ? stored_keys : first_seen + 1)
        && (push.window == 0 || last_seen < first_kv + push.window) && (push.window == 0 || last_kv < first_seen + push.window);
    if (in_place) in_place = fits_frames();
    if (in_place) {
        weigh_in_place();
    } else {
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            weigh_rows(i, scheme, careful, keys, first_kv, first_position, queries_left);
        }
    }
    add_values(keys);
}

// The sums may become infinite where the other weights then count for nothing.
void add_sink(uint i, uint scheme) {
    SUMS frame = SUMS(push.upper - MAX_EXPONENT);
    if (scheme != ASYNCHRONIZED) {
        subgroup_exchange();
        coopMatLoad(frame, frames, first_row + i * FRAGMENT_M, 0, gl_CooperativeMatrixLayoutColumnMajor);
    }
    [[unroll]] for (int e = 0; e < frame.length(); e++) {
        weight_sums[i][e] += softmax_weight(sinks[gl_WorkGroupID.x], frame[e]);
    }
}

// Divides by the sums of weights, and marks rows that must be computed anew.
void normalize(uint scheme, uint queries_left) {
    bool finite = true;
    [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
        uint own = i * FRAGMENT_M + lane_row;
        if (scheme == ASYNCHRONIZED) {
            coopMatStore(weight_sums[i], scratch, my_scratch, FRAGMENT_N / 4, gl_CooperativeMatrixLayoutRowMajor);
            subgroup_exchange();
            float sum = uintBitsToFloat(scratch[my_scratch + lane_row * (FRAGMENT_N / 4)].x);
            if (own < queries_left && !(sum >= 1.0)) atomicOr(row_anew[first_row + own], OUTSIDE);
            subgroup_exchange();
        }
        if (SINKS) add_sink(i, scheme);
        [[unroll]] for (int e = 0; e < weight_sums[i].length(); e++) {
            float inverse = weight_sums[i][e] > 0.0 ? 1.0 / weight_sums[i][e] : 0.0;
            [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
                sums[i * FRAGMENTS_D + d][e] *= inverse;
                finite = finite && is_finite(sums[i * FRAGMENTS_D + d][e]);
            }
        }
    }
    // Which rows a lane holds is the device's business: it marks all of its subgroup.
    if (!subgroupAll(finite)) {
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            atomicOr(row_anew[first_row + i * FRAGMENT_M + lane_row], NOT_FINITE);
        }
    }
}

void main() {
    if (!take_row(gl_WorkGroupID.y)) return;
    uint thread = gl_LocalInvocationID.x;
    uint head = gl_WorkGroupID.x;
    uint kv_head = head / push.groupSize;
    if (SEES_LATER) take_rows_behind();
    stored_keys = row.position + row.value + rows_behind;
    uint kv_len = end_of_keys(row.position + row.value - 1);
    uint begin_kv = first_key(row.position) / BLOCK_KV * BLOCK_KV;
    uint first_position = row.position + first_row;
    uint queries_left = row.value - min(row.value, first_row); // from the subgroup's first
    find_pages(begin_kv, kv_len);

    for (uint i = thread; i < BLOCK_Q; i += THREADS) {
        row_anew[i] = 0;
    }
    for (uint first = 0; first < BLOCK_Q; first += TILE_ROWS) {
        for (uint i = thread; i < min(TILE_ROWS, BLOCK_Q) * OCTETS; i += THREADS) {
            uint q = first + i / OCTETS;
            tile[i / OCTETS * ROW + i % OCTETS] = q < row.value
                ? query[(row.row + q) * (push.queryStride / 8) + head * OCTETS + i % OCTETS] : uvec4(0);
        }
        exchange();
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            uint tile_row = first_row + i * FRAGMENT_M - first;
            if (tile_row < TILE_ROWS) {
                [[unroll]] for (uint d = 0; d < STEPS_D; d++) {
                    coopMatLoad(
                        queries[i * STEPS_D + d], tile, tile_row * ROW + d * (FRAGMENT_K / 8), ROW,
                        gl_CooperativeMatrixLayoutRowMajor);
                }
            }
        }
        exchange();
    }

    // The second pass is for marked rows; the block has nothing more to do where there are none.
    for (uint pass = 0; pass < 2; pass++) {
        bool careful = pass == 1;
        uint scheme = careful ? SYNCHRONIZED : SCHEME;
        // Where subgroups go their own ways, those without a marked row only help with the keys.
        bool takes_part = !careful || LOCKSTEP;
        for (uint i = 0; i < SUBGROUP_ROWS; i++) {
            takes_part = takes_part || row_anew[first_row + i] != 0;
        }
        for (uint i = thread; i < BLOCK_Q; i += THREADS) {
            frames[i] = NO_SCORE;
        }
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            weight_sums[i] = SUMS(0.0);
            exponents[i] = SUMS(NO_SCORE);
            [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
                sums[i * FRAGMENTS_D + d] = SUMS(0.0);
            }
        }

        if (careful) find_pages(begin_kv, kv_len);
        fetch(kv_head, begin_kv, kv_len);
        find_pages(begin_kv + BLOCK_KV, kv_len);
        for (uint first_kv = begin_kv; first_kv < kv_len; first_kv += BLOCK_KV) {
            share(careful);
            exchange();
            if (first_kv + BLOCK_KV < kv_len) {
                fetch(kv_head, first_kv + BLOCK_KV, kv_len);
                find_pages(first_kv + 2 * BLOCK_KV, kv_len);
            }
            for (uint unit = 0; unit < BLOCK_KV; unit += UNIT_KV) {
                if (takes_part) attend(unit, first_kv + unit, scheme, careful, first_position, queries_left);
            }
            exchange();
        }
        normalize(scheme, queries_left);
        barrier();
        uint marks = 0;
        uint rows_outside = 0;
        for (uint i = 0; i < BLOCK_Q; i++) {
            marks |= row_anew[i];
            rows_outside += row_anew[i] & OUTSIDE;
        }
        if (!careful && SCHEME == ASYNCHRONIZED && thread == 0) {
            count_rows(row.value, rows_outside);
        }

        // The same for the whole workgroup: a CPU device runs subgroup barriers in step for all of its subgroups.
        bool whole = marks == 0 && row.value == BLOCK_Q;
        [[unroll]] for (uint i = 0; i < ROW_FRAGMENTS; i++) {
            [[unroll]] for (uint d = 0; d < FRAGMENTS_D; d++) {
                uint block_row = first_row + i * FRAGMENT_M;
                uint to = (row.row + block_row) * push.outputStride + head * HEAD_DIM + d * FRAGMENT_N;
                SUMS sum = sums[i * FRAGMENTS_D + d];
                if (whole) {
                    coopMatStore(coopmat<OUT_TYPE, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>(sum),
                        attended, to, push.outputStride, gl_CooperativeMatrixLayoutRowMajor);
                } else {
                    coopMatStore(sum, scratch, my_scratch, SCORE_ROW, gl_CooperativeMatrixLayoutRowMajor);
                    subgroup_exchange();
                    for (uint e = gl_SubgroupInvocationID; e < FRAGMENT_M * FRAGMENT_N; e += SUBGROUP_SIZE) {
                        uint r = e / FRAGMENT_N;
                        uint column = e % FRAGMENT_N;
                        if (block_row + r < row.value && (row_anew[block_row + r] != 0) == careful) {
                            attended[to + r * push.outputStride + column] =
                                OUT_TYPE(uintBitsToFloat(scratch[my_scratch + r * SCORE_ROW + column / 4][column % 4]));
                        }
                    }
                    subgroup_exchange();
                }
            }
        }
        if (marks == 0) {
            break;
        }
    }
}
