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
// Attention of rows of any sequences on the matrix units, over a cache of bytes: what attention_decode.comp does with ROWS, but bound by
// memory rather than by the lanes, which take longer to multiply, unpack and exchange than bytes take to arrive.
//
// Workgroups take splits as there. A subgroup takes UNIT keys at a time by itself: it stages them as float16, multiplies them with the
// queries (keys are rows, heads are columns), makes weights of the scores, and multiplies the staged values with these. Its lanes load the
// next keys and values meanwhile. Sums are float32. Weights are float16: the frames of the schemes that this form has keep them below 2^8.
// OUTPUT_F16: the output is float16.
#define ROW_LIST_BINDING 1
#define SEQUENCES_BINDING 2
#include "kv_cache.glsl"
#include "push/attention_decode.glsl"
#include "rows.glsl"
#include "softmax_scheme.glsl"
#include "half_pair.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEADS = 4;          // query heads of a workgroup, at most FRAGMENT_N
layout(constant_id = 2) const uint HEAD_DIM = 128;     // 16 times a power of two, a multiple of FRAGMENT_M and FRAGMENT_K
layout(constant_id = 3) const uint UNIT = 16;          // keys at a time: divides a page and the subgroup; whole fragments
layout(constant_id = 4) const uint SUBGROUPS = 4;
layout(constant_id = 5) const uint SUBGROUP_SIZE = 32;
layout(constant_id = 6) const uint FRAGMENT_M = 16;
layout(constant_id = 7) const uint FRAGMENT_N = 8;
layout(constant_id = 8) const uint FRAGMENT_K = 16;
layout(constant_id = 9) const uint SCHEME = 2;         // not the asynchronized one
layout(constant_id = 10) const bool SOFT_CAP = false;  // scores are bounded
layout(constant_id = 11) const bool SINKS = false;     // each head has a score more, without a value

#define POSITION row.position
#define CAPACITY sequence.capacity
const uint HEAD_VECTORS = HEAD_DIM / 4;
// Workgroups that the query heads of one key and value head take.
#define HEADS_TOGETHER
#define HEAD_BLOCKS ((push.group_size + HEADS - 1) / HEADS)
#include "attention_splits.glsl"

layout(set = 0, binding = 0) readonly buffer QueryBuffer { vec4 q[]; };
layout(set = 0, binding = 3) coherent buffer PartialBuffer { vec4 partials[]; };
layout(set = 0, binding = 4) coherent buffer ArrivalBuffer { uvec2 arrivals[]; }; // [rows][groups.x][HEADS]: workgroups
#ifdef OUTPUT_F16
layout(set = 0, binding = 5) writeonly buffer OutputBuffer { uvec2 attended[]; }; // [num_heads][HEAD_VECTORS] a row
#else
layout(set = 0, binding = 5) writeonly buffer OutputBuffer { vec4 attended[]; };
#endif
layout(set = 0, binding = 6) readonly buffer SinkBuffer { float sinks[]; }; // [num_heads]

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer KvLoads { uvec4 loads[]; };

const uint CHUNKS = HEAD_DIM / KV_ELEMS;
const uint ROW_LOADS = HEAD_DIM / 16;                     // a lane loads 16 elements
const uint LOADS = UNIT * ROW_LOADS / SUBGROUP_SIZE;
const uint LOAD_KEYS = SUBGROUP_SIZE / ROW_LOADS;         // keys of one load of all lanes
const uint ROW = HEAD_DIM / 8 + 1;                        // of the tile: neighbouring rows start in different banks
const uint OUTPUT_ROW = HEAD_VECTORS + 1;                 // of its results
const uint TILE = UNIT * ROW > FRAGMENT_N * OUTPUT_ROW ? UNIT * ROW : FRAGMENT_N * OUTPUT_ROW;
const uint SCORE_ROW = FRAGMENT_N / 4 + 1;                // in words of four
const uint WEIGHT_ROW = FRAGMENT_N / 8;                   // in words of eight
const uint SLICES = SUBGROUP_SIZE / UNIT;                 // lanes that share a key's heads
const uint LANE_HEADS = (HEADS + 2 * SLICES - 1) / (2 * SLICES) * 2;
const uint UNIT_FRAGMENTS = UNIT / FRAGMENT_M;
const uint UNIT_STEPS = UNIT / FRAGMENT_K;
const uint HEAD_FRAGMENTS = HEAD_DIM / FRAGMENT_M;
const uint HEAD_STEPS = HEAD_DIM / FRAGMENT_K;
const uint CHAINS = HEAD_STEPS % 4 == 0 ? 4 : 1;          // of products that do not wait for each other

shared uvec4 tile[SUBGROUPS * TILE]; // at first queries, then keys and values in turn, at last outputs
shared uvec4 scratch[SUBGROUPS * UNIT * SCORE_ROW];
shared uvec4 weights[SUBGROUPS * UNIT * WEIGHT_ROW];
shared float factors[SUBGROUPS * FRAGMENT_N];
shared vec2 shared_softmax[SUBGROUPS * FRAGMENT_N]; // frame, sum

#define SUMS coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>
#define LEFT coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_K, gl_MatrixUseA>
#define RIGHT coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_N, gl_MatrixUseB>

RIGHT queries[HEAD_STEPS];
SUMS sums[HEAD_FRAGMENTS]; // of weighted values: dimensions are rows, heads are columns
uvec4 k_next[LOADS];
uvec4 v_next[LOADS];
uint k_scales[LOADS]; // the words that have them
uint v_scales[LOADS];
float frames[LANE_HEADS];
float lane_sums[LANE_HEADS]; // of the keys that this lane weighs

uint lane = gl_SubgroupInvocationID;
uint first_lane_head = lane / UNIT * LANE_HEADS;
uint my_tile = gl_SubgroupID * TILE;
uint my_scores = gl_SubgroupID * UNIT * SCORE_ROW;
uint my_weights = gl_SubgroupID * UNIT * WEIGHT_ROW;
uint my_heads = gl_SubgroupID * FRAGMENT_N;

// Before shared memory is read by other lanes of the subgroup than wrote it, and before it is written anew.
void exchange() {
    controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

// Four elements in the order that halves() leaves them in, and back.
vec4 swapped(vec4 quad) {
    return quad.xzyw;
}

void store_output(uint vector, vec4 value, bool is_there) {
    if (!is_there) return;
    vector += row.row * push.output_stride;
#ifdef OUTPUT_F16
    attended[vector] = uvec2(half_pair(value.xy), half_pair(value.zw));
#else
    attended[vector] = value;
#endif
}
#include "attention_merge.glsl"

uvec2 add(uvec2 address, uint bytes) {
    uint carry;
    address.x = uaddCarry(address.x, bytes, carry);
    address.y += carry;
    return address;
}

// Rows from a chunk of a page on, with their scales: all of them, visible or not.
void fetch(uvec2 page, uint chunk, uint scales_at, out uvec4 bits[LOADS], out uint scales[LOADS]) {
    const uint words = scale_words(CHUNKS);
    KvLoads rows = KvLoads(add(page, 4 * KV_WORDS * chunk + 16 * lane));
    KvWords row_scales = KvWords(add(page, 4 * (scales_at + lane / ROW_LOADS * words + lane % ROW_LOADS / 4)));
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        bits[i] = rows.loads[i * SUBGROUP_SIZE];
        scales[i] = row_scales.words[i * LOAD_KEYS * words];
    }
}

void fetch_keys(uvec2 page, uint kv_head, uint first) {
    fetch(page, key_at(push.layer_at, kv_head, first, CHUNKS), key_scales_at(push.layer_at, kv_head, first, CHUNKS), k_next, k_scales);
}

void fetch_values(uvec2 page, uint kv_head, uint first) {
    const uint step = value_after(push.kv_heads, CHUNKS);
    fetch(
        page, key_at(push.layer_at, kv_head, first, CHUNKS) + step,
        key_scales_at(push.layer_at, kv_head, first, CHUNKS) + KV_WORDS * step, v_next, v_scales);
}

// Four bytes as float16, the first and third before the second and fourth: 1024 + 128 + byte has the byte, offset by 128, as its last bits.
uvec2 halves(uint word, f16vec2 scale) {
    const f16vec2 even = unpackFloat2x16((word & 0x00FF00FFu) ^ 0x64806480u) - f16vec2(1152.0);
    const f16vec2 odd = unpackFloat2x16((word >> 8 & 0x00FF00FFu) ^ 0x64806480u) - f16vec2(1152.0);
    return uvec2(packFloat2x16(even * scale), packFloat2x16(odd * scale));
}

void stage(uvec4 bits[LOADS], uint scales[LOADS]) {
    const uint column = lane % ROW_LOADS;
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        const uint to = my_tile + (lane / ROW_LOADS + i * LOAD_KEYS) * ROW + 2 * column;
        const f16vec2 both = unpackFloat2x16(scales[i]);
        const f16vec2 scale = (column / 2 & 1u) != 0 ? both.yy : both.xx;
        const uvec4 low = uvec4(halves(bits[i].x, scale), halves(bits[i].y, scale));
        const uvec4 high = uvec4(halves(bits[i].z, scale), halves(bits[i].w, scale));
        const bool high_first = (column & 4u) != 0; // so eight neighbouring lanes write to all banks
        tile[to + (high_first ? 1 : 0)] = high_first ? high : low;
        tile[to + (high_first ? 0 : 1)] = high_first ? low : high;
    }
}

void load_queries(uint first_head, uint heads) {
    for (uint i = lane; i < FRAGMENT_N * HEAD_DIM / 8; i += SUBGROUP_SIZE) {
        const uint h = i / (HEAD_DIM / 8);
        const uint octet = i % (HEAD_DIM / 8);
        const uint at = row.row * (push.query_stride / 4) + (first_head + min(h, heads - 1)) * HEAD_VECTORS + 2 * octet;
        const vec4 low = swapped(q[at] * push.scale);
        const vec4 high = swapped(q[at + 1] * push.scale);
        tile[my_tile + h * ROW + octet] = uvec4(half_pair(low.xy), half_pair(low.zw), half_pair(high.xy), half_pair(high.zw));
    }
    exchange();
    [[unroll]] for (uint d = 0; d < HEAD_STEPS; d++) {
        coopMatLoad(queries[d], tile, my_tile + d * (FRAGMENT_K / 8), ROW, gl_CooperativeMatrixLayoutColumnMajor);
    }
    exchange();
}

void score_keys() {
    [[unroll]] for (uint m = 0; m < UNIT_FRAGMENTS; m++) {
        SUMS products[CHAINS];
        [[unroll]] for (uint c = 0; c < CHAINS; c++) products[c] = SUMS(0.0);
        [[unroll]] for (uint d = 0; d < HEAD_STEPS; d++) {
            LEFT k;
            coopMatLoad(k, tile, my_tile + m * FRAGMENT_M * ROW + d * (FRAGMENT_K / 8), ROW, gl_CooperativeMatrixLayoutRowMajor);
            products[d % CHAINS] = coopMatMulAdd(k, queries[d], products[d % CHAINS]);
        }
        [[unroll]] for (uint c = 1; c < CHAINS; c++) products[0] += products[c];
        coopMatStore(products[0], scratch, my_scores + m * FRAGMENT_M * SCORE_ROW, SCORE_ROW, gl_CooperativeMatrixLayoutRowMajor);
    }
}

// Lets the frames follow the scores, and rescales what was accumulated.
void raise_frames(float scores[LANE_HEADS]) {
    [[unroll]] for (uint h = 0; h < LANE_HEADS; h++) {
        float highest = scores[h];
        [[unroll]] for (uint s = 1; s < UNIT; s *= 2) highest = max(highest, subgroupShuffleXor(highest, s));
        const float frame = next_frame(SCHEME, frames[h], highest);
        const float factor = softmax_weight(frames[h], frame);
        frames[h] = frame;
        lane_sums[h] *= factor;
        if (lane % UNIT == 0) factors[my_heads + first_lane_head + h] = factor;
    }
    exchange();
    // Stride 0 spreads a factor for each column over the rows in whatever way the device lays out a fragment.
    SUMS spread;
    coopMatLoad(spread, factors, my_heads, 0, gl_CooperativeMatrixLayoutRowMajor);
    [[unroll]] for (uint m = 0; m < HEAD_FRAGMENTS; m++) {
        [[unroll]] for (int e = 0; e < spread.length(); e++) sums[m][e] *= spread[e];
    }
    exchange();
}

void weigh_keys(uint first, uint lowest, uint end) {
    const uint key = lane % UNIT;
    const bool is_key = first + key >= lowest && first + key < end;
    float scores[LANE_HEADS];
    bool raised = false;
    [[unroll]] for (uint h = 0; h < LANE_HEADS; h++) {
        const uint head = first_lane_head + h;
        scores[h] = uintBitsToFloat(scratch[my_scores + key * SCORE_ROW + head / 4][head % 4]);
        if (SOFT_CAP) scores[h] = soft_cap(scores[h], push.soft_cap);
        if (!is_key) scores[h] = NO_SCORE;
        raised = raised || next_frame(SCHEME, frames[h], scores[h]) != frames[h];
    }
    if (subgroupAny(raised)) raise_frames(scores);
    [[unroll]] for (uint h = 0; h < LANE_HEADS; h += 2) {
        vec2 pair = vec2(softmax_weight(scores[h], frames[h]), softmax_weight(scores[h + 1], frames[h + 1]));
        if (!is_key) pair = vec2(0.0);
        lane_sums[h] += pair.x;
        lane_sums[h + 1] += pair.y;
        const uint head = first_lane_head + h;
        weights[my_weights + key * WEIGHT_ROW + head / 8][head % 8 / 2] = packHalf2x16(pair);
    }
}

void add_values() {
    [[unroll]] for (uint s = 0; s < UNIT_STEPS; s++) {
        RIGHT w;
        coopMatLoad(w, weights, my_weights + s * FRAGMENT_K * WEIGHT_ROW, WEIGHT_ROW, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint m = 0; m < HEAD_FRAGMENTS; m++) {
            LEFT v;
            coopMatLoad(
                v, tile, my_tile + s * FRAGMENT_K * ROW + m * (FRAGMENT_M / 8), ROW, gl_CooperativeMatrixLayoutColumnMajor);
            sums[m] = coopMatMulAdd(v, w, sums[m]);
        }
    }
}

// What stands in a page beside the visible tokens may be no number: 0 · NaN is NaN.
void clear_others(uint first, uint lowest, uint end) {
    if (first >= lowest && first + UNIT <= end) return;
    exchange();
    for (uint i = lane; i < UNIT * ROW; i += SUBGROUP_SIZE) {
        if (first + i / ROW < lowest || first + i / ROW >= end) tile[my_tile + i] = uvec4(0);
    }
}

// Accumulates the keys [max(begin, lowest), end) of all heads; begin is a page's.
void attend(uint kv_head, uint begin, uint lowest, uint end) {
    [[unroll]] for (uint h = 0; h < LANE_HEADS; h++) {
        frames[h] = NO_SCORE;
        lane_sums[h] = 0.0;
    }
    [[unroll]] for (uint m = 0; m < HEAD_FRAGMENTS; m++) sums[m] = SUMS(0.0);
    for (uint i = lane; i < UNIT * WEIGHT_ROW; i += SUBGROUP_SIZE) weights[my_weights + i] = uvec4(0); // those of no head stay so

    const uint stride = SUBGROUPS * UNIT;
    const uint last = end - 1;
    uint first = begin + gl_SubgroupID * UNIT;
    // Beyond the tokens pages that are there are loaded.
    uvec2 page = page_of(push.block_group, clamp(first, lowest, last));
    uvec2 next_page = page_of(push.block_group, clamp(first + stride, lowest, last));
    fetch_keys(page, kv_head, first);
    fetch_values(page, kv_head, first);
    for (; first < end; first += stride) {
        page = next_page;
        next_page = page_of(push.block_group, clamp(first + 2 * stride, lowest, last));
        stage(k_next, k_scales);
        fetch_keys(page, kv_head, first + stride);
        exchange();
        score_keys();
        exchange();
        stage(v_next, v_scales);
        fetch_values(page, kv_head, first + stride);
        clear_others(first, lowest, end);
        weigh_keys(first, lowest, end);
        exchange();
        add_values();
        exchange();
    }
}

// Merges the subgroups, and writes the partial results, or the outputs where there is one split only.
void finish(uint first_head, uint heads, uint split, bool is_only) {
    [[unroll]] for (uint m = 0; m < HEAD_FRAGMENTS; m++) {
        coopMatStore(sums[m], tile, my_tile + m * (FRAGMENT_M / 4), OUTPUT_ROW, gl_CooperativeMatrixLayoutColumnMajor);
    }
    [[unroll]] for (uint h = 0; h < LANE_HEADS; h++) {
        float sum = lane_sums[h];
        [[unroll]] for (uint s = 1; s < UNIT; s *= 2) sum += subgroupShuffleXor(sum, s);
        if (lane % UNIT == 0) shared_softmax[my_heads + first_lane_head + h] = vec2(frames[h], sum);
    }
    barrier();
    for (uint item = gl_LocalInvocationIndex; item < heads * HEAD_VECTORS; item += gl_WorkGroupSize.x) {
        const uint h = item / HEAD_VECTORS;
        const uint vector = item % HEAD_VECTORS;
        float frame = NO_SCORE;
        for (uint s = 0; s < SUBGROUPS; s++) frame = max(frame, shared_softmax[s * FRAGMENT_N + h].x);
        float sum = 0.0;
        vec4 value = vec4(0.0);
        for (uint s = 0; s < SUBGROUPS; s++) {
            const vec2 softmax = shared_softmax[s * FRAGMENT_N + h];
            const float factor = softmax_weight(softmax.x, frame);
            sum += softmax.y * factor;
            value += uintBitsToFloat(tile[s * TILE + h * OUTPUT_ROW + vector]) * factor;
        }
        value = swapped(value);
        const uint head = first_head + h;
        if (is_only) {
            store_output(head * HEAD_VECTORS + vector, value / whole_sum(head, sum, frame), true);
        } else {
            partials[partial_result(head, split) + vector] = value;
            if (vector == 0) partials[partial_result(head, split) + HEAD_VECTORS] = vec4(frame, sum, 0.0, 0.0);
        }
    }
}

// One split of one key and value head, for all query heads of the workgroup.
void main() {
    if (!take_row(gl_WorkGroupID.z)) return;
    const uint kv_head = gl_WorkGroupID.x / HEAD_BLOCKS;
    const uint first_in_group = (gl_WorkGroupID.x - kv_head * HEAD_BLOCKS) * HEADS;
    const uvec2 visible = visible_keys();
    const uint begin = first_split(visible) + gl_WorkGroupID.y * keys_per_split(visible);
    const uint end = min(begin + keys_per_split(visible), visible.y);
    if (begin >= end) return;

    const uint first_head = kv_head * push.group_size + first_in_group;
    const uint heads = min(HEADS, push.group_size - first_in_group);
    const uint splits = active_splits(visible);
    load_queries(first_head, heads);
    attend(kv_head, begin, visible.x, end);
    finish(first_head, heads, gl_WorkGroupID.y, splits == 1);
    uint outside = 0; // the frames are right for all
    if (splits > 1 && is_last(splits, 0, outside)) merge_splits(first_head, heads, outside, splits);
}
