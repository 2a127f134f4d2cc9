#version 460
// Attention of one new token over the cached ones, divided into splits: a workgroup takes one split of one key and value
// head, for up to HEADS of the query heads that share it, so that keys and values are read once; behind few tokens it takes one of these
// heads. The last workgroup of a head to finish adds up the splits, so that attention is one dispatch.
//
// LANES neighbouring lanes hold one key: each loads some of its chunks (kv_cache.glsl). Every such group of lanes takes KEYS neighbouring
// keys of the split at a time, which lie in one page, to keep loads in flight, with a softmax of its own. The groups are merged at the
// end, within subgroups by shuffles and between them through shared memory. ROWS: rows of any sequences (z), whose keys and values, and
// those of all rows of the step, are stored already. OUTPUT_F16: the output is float16. FIXED: it is the input of products with block
// formats (fixed_point.glsl), whose blocks a head's size is a multiple of.
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_vote : require
#ifndef ROWS
#define KV_COHERENT coherent
#endif
#include "kv_cache.glsl"
#include "push/attention_decode.glsl"
#ifdef ROWS
#define ROW_LIST_BINDING 1
#define SEQUENCES_BINDING 2
#include "rows.glsl"
#define POSITION row.position
#define CAPACITY sequence.capacity
#define PAGE_OF(token) page_of(push.block_group, token)
#else
#include "chain.glsl"
#define STEP_STATE_BINDING 2
#define SOFTMAX_STATS_BINDING 6
#include "step_state.glsl"
layout(set = 0, binding = 1) readonly buffer BlockBuffer { uvec2 pages[]; };
#define POSITION state.position
#define CAPACITY push.capacity
#define PAGE_OF(token) pages[(token) / PAGE_TOKENS]
#endif
#include "softmax_scheme.glsl"
#include "softmax_stats.glsl"
#include "half_pair.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEADS = 1;          // query heads of a workgroup, at most 32
layout(constant_id = 2) const uint CHUNKS = 16;        // chunks of a key
layout(constant_id = 3) const uint LANES = 16;         // lanes that share a key: a power of two, at most the subgroup size
layout(constant_id = 4) const uint KEYS = 4;           // keys in flight per group of lanes: a power of two
layout(constant_id = 5) const uint MAX_SUBGROUPS = 8;  // at most this many subgroups in a workgroup
layout(constant_id = 6) const uint SCHEME = 0;
layout(constant_id = 7) const bool SOFT_CAP = false;   // scores are bounded
layout(constant_id = 8) const bool FIXED = false;      // not of rows
layout(constant_id = 9) const bool SINKS = false;      // each head has a score more, without a value

const uint LANE_CHUNKS = (CHUNKS + LANES - 1) / LANES;
const uint LANE_VECTORS = LANE_CHUNKS * KV_VECTORS;
const uint HEAD_VECTORS = CHUNKS * KV_VECTORS;

// Scores of a step, [heads, padded to a power of two][KEYS]. Either KEYS is 1 or a lane owns one of them: so the scores that a
// lane owns are of one head each.
const uint PADDED_HEADS = HEADS > 16 ? 32 : HEADS > 8 ? 16 : HEADS > 4 ? 8 : HEADS > 2 ? 4 : HEADS;
const uint COUNT = PADDED_HEADS * KEYS;
#include "lane_sums.glsl"

// Workgroups that the query heads of one key and value head take.
#define HEAD_BLOCKS ((push.group_size + HEADS - 1) / HEADS)
#include "attention_splits.glsl"

layout(set = 0, binding = 0) readonly coherent buffer QueryBuffer { vec4 q[]; };
layout(set = 0, binding = 3) coherent buffer PartialBuffer { vec4 partials[]; };
layout(set = 0, binding = 4) coherent buffer ArrivalBuffer { uvec2 arrivals[]; }; // [rows][groups.x][HEADS]: workgroups, rows outside
#ifdef OUTPUT_F16
layout(set = 0, binding = 5) writeonly buffer OutputBuffer { uvec2 attended[]; }; // [num_heads][HEAD_VECTORS] a row
#else
layout(set = 0, binding = 5) writeonly coherent buffer OutputBuffer { vec4 attended[]; };
#endif
#ifndef ROWS
#define FIXED_BINDING 5
#include "fixed_point.glsl"
#endif

#ifdef ROWS
layout(set = 0, binding = 6) readonly buffer SinkBuffer { float sinks[]; }; // [num_heads]
#else
layout(set = 0, binding = 7) readonly buffer SinkBuffer { float sinks[]; };
#endif

shared vec4 shared_output[MAX_SUBGROUPS * HEAD_VECTORS];
shared vec2 shared_softmax[MAX_SUBGROUPS]; // frame, sum
shared uint shared_rows[MAX_SUBGROUPS];

vec4 query[HEADS][LANE_VECTORS];
vec4 accumulated[HEADS][LANE_VECTORS];
float frames[OWNED]; // of the scores that this lane owns
float sums[OWNED];

#ifdef KV_Q8_0
// The scale of a lane's i-th chunk in a row whose scales begin at a word.
float chunk_scale(KvWords page, uint scales, uint lane, uint i) {
    const uint block = min(i * LANES + lane, CHUNKS - 1) / (KV_BLOCK / KV_ELEMS);
    return scale_of(page.words[scales + block / 2], block);
}
#define SCALED(value, scale) ((value) * (scale))
#else
#define SCALED(value, scale) (value)
#endif

// Whether a lane's i-th chunk exists: the last ones do not where LANES does not divide CHUNKS.
bool has_chunk(uint lane, uint i) {
    return CHUNKS % LANES == 0 || i * LANES + lane < CHUNKS;
}

// By all invocations of a subgroup at once, those of a block with neighbouring vectors.
void store_output(uint vector, vec4 value, bool is_there) {
#ifdef ROWS
    vector += row.row * push.output_stride;
#else
    if (FIXED) {
        fixed_store(push.output_stride, vector, value, is_there);
        return;
    }
#endif
    if (!is_there) return;
#ifdef OUTPUT_F16
    attended[vector] = uvec2(half_pair(value.xy), half_pair(value.zw));
#else
    attended[vector] = value;
#endif
}

#include "attention_merge.glsl"

vec4 query_vector(uint first_head, uint h, uint vector) {
    uint at = (first_head + h) * HEAD_VECTORS + vector;
#ifdef ROWS
    at += row.row * (push.query_stride / 4);
#endif
    return q[at];
}

uint owned_head(uint lane, uint j) {
    return owned_value(lane, j) / KEYS;
}

// Frames of a block of scores that lanes share: the maximum over a head's keys, and what was accumulated rescaled to it.
void raise_frames(uint scheme, float scores[OWNED], bool is_key) {
    float factors[OWNED];
    bool raised = false;
    [[unroll]] for (uint j = 0; j < OWNED; j++) {
        float highest = is_key ? scores[j] : NO_SCORE;
        [[unroll]] for (uint key = 1; key < KEYS; key *= 2) highest = max(highest, subgroupShuffleXor(highest, key * SHARERS));
        float frame = next_frame(scheme, frames[j], highest);
        raised = raised || frame != frames[j];
        factors[j] = softmax_weight(frames[j], frame);
        frames[j] = frame;
    }
    if (scheme == CONDITIONAL_RESCALE && !subgroupAny(raised)) return;
    [[unroll]] for (uint j = 0; j < OWNED; j++) sums[j] *= factors[j];
    [[unroll]] for (uint h = 0; h < HEADS; h++) {
        float factor = from_owner(factors, h * KEYS);
        [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) accumulated[h][i] *= factor;
    }
}

// Accumulates the keys [max(begin, lowest), end) of all heads; begin is a page's. Returns a bit for each head with a score outside the
// range.
uint attend(uint scheme, uint kv_head, uint begin, uint lowest, uint end) {
    const uint lane = gl_SubgroupInvocationID % LANES;
    const uint groups_per_subgroup = gl_SubgroupSize / LANES;
    const uint group = gl_SubgroupID * groups_per_subgroup + gl_SubgroupInvocationID / LANES;
    const uint groups = gl_NumSubgroups * groups_per_subgroup;
    uint outside = 0;
    [[unroll]] for (uint j = 0; j < OWNED; j++) {
        frames[j] = scheme == ASYNCHRONIZED ? push.phi : NO_SCORE;
        sums[j] = 0.0;
    }
    [[unroll]] for (uint h = 0; h < HEADS; h++) {
        [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) accumulated[h][i] = vec4(0.0);
    }

    // Lanes beyond the tokens load one that is there. The page is looked up a step ahead.
    const uint value_step = value_after(push.kv_heads, CHUNKS);
    const uint last = end - 1;
    uvec2 next_page = PAGE_OF(clamp(begin + group * KEYS, lowest, last));
    for (uint start = begin; start < end; start += groups * KEYS) {
        const uint first = start + group * KEYS;
        KvChunks page = KvChunks(next_page);
        next_page = PAGE_OF(clamp(first + groups * KEYS, lowest, last));
        KvBits keys[KEYS][LANE_CHUNKS];
        KvBits values[KEYS][LANE_CHUNKS];
#ifdef KV_Q8_0
        float key_scales[KEYS][LANE_CHUNKS];
        float value_scales[KEYS][LANE_CHUNKS];
#endif
        [[unroll]] for (uint u = 0; u < KEYS; u++) {
            const uint token = clamp(first + u, lowest, last);
            const uint at = key_at(push.layer_at, kv_head, token, CHUNKS) + lane;
            [[unroll]] for (uint i = 0; i < LANE_CHUNKS; i++) {
                keys[u][i] = has_chunk(lane, i) ? page.chunks[at + i * LANES] : KvBits(0);
                values[u][i] = has_chunk(lane, i) ? page.chunks[at + value_step + i * LANES] : KvBits(0);
            }
#ifdef KV_Q8_0
            const uint scales_at = key_scales_at(push.layer_at, kv_head, token, CHUNKS);
            [[unroll]] for (uint i = 0; i < LANE_CHUNKS; i++) {
                key_scales[u][i] = chunk_scale(KvWords(page), scales_at, lane, i);
                value_scales[u][i] = chunk_scale(KvWords(page), scales_at + KV_WORDS * value_step, lane, i);
            }
#endif
        }

        float products[COUNT];
        [[unroll]] for (uint i = HEADS * KEYS; i < COUNT; i++) products[i] = 0.0;
        [[unroll]] for (uint u = 0; u < KEYS; u++) {
            [[unroll]] for (uint h = 0; h < HEADS; h++) products[h * KEYS + u] = 0.0;
            [[unroll]] for (uint i = 0; i < LANE_CHUNKS; i++) {
                vec4 key[KV_VECTORS];
                kv_decode(keys[u][i], key);
                [[unroll]] for (uint h = 0; h < HEADS; h++) {
                    float product = 0.0;
                    [[unroll]] for (uint j = 0; j < KV_VECTORS; j++) product += dot(query[h][i * KV_VECTORS + j], key[j]);
                    products[h * KEYS + u] += SCALED(product, key_scales[u][i]);
                }
            }
        }

        float scores[OWNED];
        sum_over_lanes(products, lane, scores);
        const uint owned_token = first + owned_value(lane, 0) % KEYS;
        const bool is_key = owned_token >= lowest && owned_token < end;
        [[unroll]] for (uint j = 0; j < OWNED; j++) {
            if (SOFT_CAP) scores[j] = soft_cap(scores[j], push.soft_cap);
            if (scheme == ASYNCHRONIZED && is_key && is_outside(scores[j], push.lower, push.upper)) outside |= 1u << owned_head(lane, j);
        }
        if (scheme != ASYNCHRONIZED) raise_frames(scheme, scores, is_key);
        float weights[OWNED];
        [[unroll]] for (uint j = 0; j < OWNED; j++) {
            weights[j] = is_key ? softmax_weight(scores[j], frames[j]) : 0.0;
            sums[j] += weights[j];
        }

        [[unroll]] for (uint u = 0; u < KEYS; u++) {
            [[unroll]] for (uint i = 0; i < LANE_CHUNKS; i++) {
                vec4 value[KV_VECTORS];
                kv_decode(values[u][i], value);
                [[unroll]] for (uint h = 0; h < HEADS; h++) {
                    float weight = SCALED(from_owner(weights, h * KEYS + u), value_scales[u][i]);
                    [[unroll]] for (uint j = 0; j < KV_VECTORS; j++) accumulated[h][i * KV_VECTORS + j] += weight * value[j];
                }
            }
        }
    }
    return outside;
}

// Merges a head's groups of lanes within each subgroup, then the subgroups, and writes the partial result, or the output where
// there is one split only.
void finish_head(uint scheme, uint h, uint head, uint split, bool is_only) {
    const uint lane = gl_SubgroupInvocationID % LANES;
    float frame = push.phi;
    float factor = 1.0;
    if (scheme != ASYNCHRONIZED) {
        float own = from_owner(frames, h * KEYS);
        frame = subgroupMax(own);
        factor = softmax_weight(own, frame);
    }
    float sum = 0.0;
    [[unroll]] for (uint j = 0; j < OWNED; j++) {
        if (owned_head(lane, j) == h && lane % SHARERS == 0) sum += sums[j];
    }
    sum = subgroupAdd(sum * factor);
    barrier(); // the head before has been read
    [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) {
        vec4 value = accumulated[h][i] * factor;
        for (uint step = LANES; step < gl_SubgroupSize; step *= 2) value += subgroupShuffleXor(value, step);
        uint chunk = i / KV_VECTORS;
        if (gl_SubgroupInvocationID < LANES && has_chunk(lane, chunk)) {
            shared_output[gl_SubgroupID * HEAD_VECTORS + (chunk * LANES + lane) * KV_VECTORS + i % KV_VECTORS] = value;
        }
    }
    if (subgroupElect()) shared_softmax[gl_SubgroupID] = vec2(frame, sum);
    barrier();

    if (scheme != ASYNCHRONIZED) {
        for (uint s = 0; s < gl_NumSubgroups; s++) frame = max(frame, shared_softmax[s].x);
    }
    sum = 0.0;
    for (uint s = 0; s < gl_NumSubgroups; s++) sum += shared_softmax[s].y * softmax_weight(shared_softmax[s].x, frame);
    for (uint first = 0; first < HEAD_VECTORS; first += gl_WorkGroupSize.x) {
        const uint i = first + gl_LocalInvocationIndex;
        const bool is_there = i < HEAD_VECTORS;
        vec4 value = vec4(0.0);
        for (uint s = 0; s < gl_NumSubgroups && is_there; s++) {
            value += shared_output[s * HEAD_VECTORS + i] * softmax_weight(shared_softmax[s].x, frame);
        }
        if (is_only) {
            store_output(head * HEAD_VECTORS + i, value / whole_sum(head, sum, frame), is_there);
        } else if (is_there) {
            partials[partial_result(head, split) + i] = value;
        }
    }
    if (!is_only && gl_LocalInvocationIndex == 0) {
        partials[partial_result(head, split) + HEAD_VECTORS] = vec4(frame, sum, 0.0, 0.0);
    }
}

// The heads of the workgroup that have a score outside the range.
uint heads_outside(uint outside, uint heads) {
    outside = subgroupOr(outside);
    if (subgroupElect()) shared_rows[gl_SubgroupID] = outside;
    barrier();
    for (uint s = 0; s < gl_NumSubgroups; s++) outside |= shared_rows[s];
    return outside & (0xFFFFFFFFu >> (32 - heads));
}

// One split of one key and value head, for all query heads of the workgroup or one.
void attend_split() {
    const uint kv_head = gl_WorkGroupID.x / HEAD_BLOCKS;
    const uvec2 visible = visible_keys();
    const uint splits = active_splits(visible);
    const bool is_apart = heads_are_apart(visible);
    const uint own_head = is_apart ? gl_WorkGroupID.y / splits : 0;
    const uint split = gl_WorkGroupID.y - own_head * splits;
    const uint first_in_group = (gl_WorkGroupID.x - kv_head * HEAD_BLOCKS) * HEADS + own_head;
    if (own_head >= HEADS || first_in_group >= push.group_size) return;
    const uint first_head = kv_head * push.group_size + first_in_group;
    const uint heads = is_apart ? 1 : min(HEADS, push.group_size - first_in_group);
    const uint begin = first_split(visible) + split * keys_per_split(visible);
    const uint end = min(begin + keys_per_split(visible), visible.y);
    if (begin >= end) return;
#ifndef ROWS
    chain_wait();
#endif

    const uint lane = gl_SubgroupInvocationID % LANES;
    [[unroll]] for (uint h = 0; h < HEADS; h++) {
        [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) {
            uint vector = (i / KV_VECTORS * LANES + lane) * KV_VECTORS + i % KV_VECTORS;
            query[h][i] = has_chunk(lane, i / KV_VECTORS) ? query_vector(first_head, min(h, heads - 1), vector) * push.scale : vec4(0.0);
        }
    }

    uint outside = attend(SCHEME, kv_head, begin, visible.x, end);
    if (SCHEME == ASYNCHRONIZED) outside = heads_outside(outside, heads);
    [[unroll]] for (uint h = 0; h < HEADS; h++) {
        if (h < heads && (outside >> h & 1) == 0) finish_head(SCHEME, h, first_head + h, split, splits == 1);
    }
    // A row that left the range is done again, in this split alone: its other splits stay right in the frame they have.
    if (SCHEME == ASYNCHRONIZED && outside != 0) {
        attend(SYNCHRONIZED, kv_head, begin, visible.x, end);
        [[unroll]] for (uint h = 0; h < HEADS; h++) {
            if ((outside >> h & 1) != 0) finish_head(SYNCHRONIZED, h, first_head + h, split, splits == 1);
        }
    }

    if (splits > 1) {
        if (!is_last(splits, own_head, outside)) return;
        merge_splits(first_head, heads, outside, splits);
    }
    if (SCHEME == ASYNCHRONIZED && gl_LocalInvocationIndex == 0) count_rows(heads, bitCount(outside));
}

void main() {
#ifdef ROWS
    if (take_row(gl_WorkGroupID.z)) attend_split();
#else
    attend_split();
    chain_arrive();
#endif
}
