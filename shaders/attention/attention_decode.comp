// Attention of one new token over the cached ones, divided into splits: a workgroup takes one split of one key and value
// head, for up to HEADS of the query heads that share it, so that keys and values are read once.
//
// LANES neighbouring lanes hold one key: each loads some of its 16-byte chunks, and shuffles add up the scores. Every such
// group of lanes takes every so-many-th key of the split, KEYS at a time to keep loads in flight, with an online softmax of
// its own; the groups are merged at the end, within subgroups by shuffles and between them through shared memory.
#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#define STEP_STATE_BINDING 3
#include "kv_cache.glsl"
#include "step_state.glsl"
#include "push/attention_decode.glsl"
#include "attention_splits.glsl"
#include "attention_scores.glsl"
#include "online_softmax.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEADS = 1;          // query heads of a workgroup
layout(constant_id = 2) const uint CHUNKS = 16;        // 16-byte chunks of a key
layout(constant_id = 3) const uint LANES = 16;         // lanes that share a key: a power of two, at most the subgroup size
layout(constant_id = 4) const uint KEYS = 4;           // keys in flight per group of lanes
layout(constant_id = 5) const uint MAX_SUBGROUPS = 8;  // at most this many subgroups in a workgroup
layout(constant_id = 6) const bool DIRECT = false;     // one split: write the output instead of a partial result
layout(constant_id = 7) const bool SOFT_CAP = false;   // scores are bounded

const uint LANE_CHUNKS = (CHUNKS + LANES - 1) / LANES;
const uint LANE_VECTORS = LANE_CHUNKS * KV_VECTORS;
const uint HEAD_VECTORS = CHUNKS * KV_VECTORS;

layout(set = 0, binding = 0) readonly buffer QueryBuffer { vec4 q[]; };
layout(set = 0, binding = 1) readonly buffer KeyBuffer { uvec4 k_cache[]; };
layout(set = 0, binding = 2) readonly buffer ValueBuffer { uvec4 v_cache[]; };
layout(set = 0, binding = 4) writeonly buffer ResultBuffer { float result[]; }; // partial results, or with DIRECT the output

shared vec4 shared_output[MAX_SUBGROUPS * HEAD_VECTORS];
shared OnlineSoftmax shared_softmax[MAX_SUBGROUPS];

// Whether a lane's i-th chunk exists: the last ones do not where LANES does not divide CHUNKS.
bool has_chunk(uint lane, uint i) {
    return CHUNKS % LANES == 0 || i * LANES + lane < CHUNKS;
}

void load_chunks(uint chunk, uint lane, bool keys, out vec4 values[LANE_VECTORS]) {
    [[unroll]] for (uint i = 0; i < LANE_CHUNKS; i++) {
        vec4 part[KV_VECTORS];
        [[unroll]] for (uint j = 0; j < KV_VECTORS; j++) part[j] = vec4(0.0);
        if (has_chunk(lane, i)) {
            uint index = chunk + i * LANES + lane;
            kv_decode(keys ? k_cache[index] : v_cache[index], part);
        }
        [[unroll]] for (uint j = 0; j < KV_VECTORS; j++) values[i * KV_VECTORS + j] = part[j];
    }
}

float sum_over_lanes(float value) {
    [[unroll]] for (uint step = 1; step < LANES; step *= 2) value += subgroupShuffleXor(value, step);
    return value;
}

// Merges a head's groups of lanes within each subgroup, then the subgroups, and writes the result.
void finish_head(uint head, uint split, uint lane, OnlineSoftmax softmax, vec4 accumulated[LANE_VECTORS]) {
    float maximum = subgroupMax(softmax.maximum);
    float factor = exp2(softmax.maximum - maximum);
    float sum = subgroupAdd(lane == 0 ? softmax.sum * factor : 0.0);
    barrier();
    [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) {
        vec4 value = accumulated[i] * factor;
        for (uint step = LANES; step < gl_SubgroupSize; step *= 2) value += subgroupShuffleXor(value, step);
        uint chunk = i / KV_VECTORS;
        if (gl_SubgroupInvocationID < LANES && has_chunk(lane, chunk)) {
            shared_output[gl_SubgroupID * HEAD_VECTORS + (chunk * LANES + lane) * KV_VECTORS + i % KV_VECTORS] = value;
        }
    }
    if (subgroupElect()) shared_softmax[gl_SubgroupID] = OnlineSoftmax(maximum, sum);
    barrier();

    OnlineSoftmax merged = softmax_empty();
    for (uint s = 0; s < gl_NumSubgroups; s++) merged.maximum = max(merged.maximum, shared_softmax[s].maximum);
    for (uint s = 0; s < gl_NumSubgroups; s++) merged.sum += shared_softmax[s].sum * exp2(shared_softmax[s].maximum - merged.maximum);
    const uint output_base = DIRECT ? head * p.head_dim : partial_output(head, split);
    for (uint i = gl_LocalInvocationIndex; i < HEAD_VECTORS; i += gl_WorkGroupSize.x) {
        vec4 value = vec4(0.0);
        for (uint s = 0; s < gl_NumSubgroups; s++) {
            value += shared_output[s * HEAD_VECTORS + i] * exp2(shared_softmax[s].maximum - merged.maximum);
        }
        if (DIRECT) value /= merged.sum;
        [[unroll]] for (uint j = 0; j < 4; j++) result[output_base + 4 * i + j] = value[j];
    }
    if (!DIRECT && gl_LocalInvocationIndex == 0) {
        result[partial_softmax(head, split)] = merged.maximum;
        result[partial_softmax(head, split) + 1] = merged.sum;
    }
}

void main() {
    const uint head_blocks = (p.group_size + HEADS - 1) / HEADS;
    const uint kv_head = gl_WorkGroupID.x / head_blocks;
    const uint first_in_group = (gl_WorkGroupID.x - kv_head * head_blocks) * HEADS;
    const uint split = gl_WorkGroupID.y;
    const uvec2 visible = visible_keys();
    const uint begin = visible.x + split * keys_per_split(visible);
    const uint end = min(begin + keys_per_split(visible), visible.y);
    if (begin >= end) return;

    const uint lane = gl_SubgroupInvocationID % LANES;
    const uint groups_per_subgroup = gl_SubgroupSize / LANES;
    const uint group = gl_SubgroupID * groups_per_subgroup + gl_SubgroupInvocationID / LANES;
    const uint groups = gl_NumSubgroups * groups_per_subgroup;

    const float query_scale = SOFT_CAP ? p.scale : p.scale * LOG2_E;
    vec4 query[HEADS][LANE_VECTORS];
    vec4 accumulated[HEADS][LANE_VECTORS];
    OnlineSoftmax softmax[HEADS];
    [[unroll]] for (uint h = 0; h < HEADS; h++) {
        uint head = kv_head * p.group_size + min(first_in_group + h, p.group_size - 1);
        softmax[h] = softmax_empty();
        [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) {
            uint chunk = i / KV_VECTORS;
            accumulated[h][i] = vec4(0.0);
            query[h][i] = has_chunk(lane, chunk)
                ? q[head * HEAD_VECTORS + (chunk * LANES + lane) * KV_VECTORS + i % KV_VECTORS] * query_scale
                : vec4(0.0);
        }
    }

    for (uint start = begin; start < end; start += groups * KEYS) {
        vec4 keys[KEYS][LANE_VECTORS];
        vec4 values[KEYS][LANE_VECTORS];
        [[unroll]] for (uint u = 0; u < KEYS; u++) {
            uint key = min(start + u * groups + group, end - 1);
            uint chunk = (kv_head * p.capacity + key) * CHUNKS;
            load_chunks(chunk, lane, true, keys[u]);
            load_chunks(chunk, lane, false, values[u]);
        }
        [[unroll]] for (uint h = 0; h < HEADS; h++) {
            float scores[KEYS];
            float highest = NO_SCORE;
            [[unroll]] for (uint u = 0; u < KEYS; u++) {
                float score = 0.0;
                [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) score += dot(query[h][i], keys[u][i]);
                score = sum_over_lanes(score);
                if (SOFT_CAP) score = soft_cap(score, p.soft_cap) * LOG2_E;
                scores[u] = start + u * groups + group < end ? score : NO_SCORE;
                highest = max(highest, scores[u]);
            }
            float factor = softmax_raise(softmax[h], highest);
            [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) accumulated[h][i] *= factor;
            [[unroll]] for (uint u = 0; u < KEYS; u++) {
                float weight = softmax_weight(softmax[h], scores[u]);
                [[unroll]] for (uint i = 0; i < LANE_VECTORS; i++) accumulated[h][i] += weight * values[u][i];
            }
        }
    }

    [[unroll]] for (uint h = 0; h < HEADS; h++) {
        if (first_in_group + h < p.group_size) {
            finish_head(kv_head * p.group_size + first_in_group + h, split, lane, softmax[h], accumulated[h]);
        }
    }
}
