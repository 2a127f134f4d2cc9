#version 460
#extension GL_GOOGLE_include_directive : require
// Statistics of the attention scores of a prefill, for calibration: how many lie in each bin, and the same of each row's
// lowest and highest. Workgroup x is the row, y the head.
// QUERY_F16: float16, two per uint.
layout(local_size_x_id = 0) in;

#define ROW_LIST_BINDING 1
#define SEQUENCES_BINDING 2
#include "kv_cache.glsl"
#include "push/attention_scores.glsl"
#include "rows.glsl"
const bool SEES_LATER = false;
#include "attention_mask.glsl"
#include "softmax_scheme.glsl"
#include "reductions.glsl"

// Bins of half a unit from -128 to 128; the outer ones take what lies beyond. ScoreStatistics in C#.
const uint BINS = 512;
const float FIRST_BIN = -128.0;
const float BINS_PER_UNIT = 2.0;

layout(set = 0, binding = 0, std430) readonly buffer Query { uint query[]; };
layout(set = 0, binding = 3, std430) buffer Statistics {
    uint highest;    // of all scores, as ordered(); 0: none yet
    uint not_lowest; // ~ordered() of the lowest
    uint not_finite; // scores that are no finite number
    uint rows;
    uint score_bins[BINS];
    uint row_lowest_bins[BINS];
    uint row_highest_bins[BINS];
};

shared uint bins[BINS];

// Four elements of the queries.
vec4 query_quad(uint quad) {
#ifdef QUERY_F16
    return vec4(unpackHalf2x16(query[2 * quad]), unpackHalf2x16(query[2 * quad + 1]));
#else
    return uintBitsToFloat(uvec4(query[4 * quad], query[4 * quad + 1], query[4 * quad + 2], query[4 * quad + 3]));
#endif
}

// Bits that compare as unsigned numbers the way the floats do.
uint ordered(float x) {
    uint bits = floatBitsToUint(x);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

uint bin_of(float score) {
    return uint(clamp((score - FIRST_BIN) * BINS_PER_UNIT, 0.0, float(BINS - 1)));
}

void main() {
    const uint thread = gl_LocalInvocationID.x;
    const uint threads = gl_WorkGroupSize.x;
    if (!take_row(gl_WorkGroupID.x)) return;
    const uint head = gl_WorkGroupID.y;
    const uint chunks = push.headDim / KV_ELEMS;
    const uint query_at = (row.row * push.queryStride + head * push.headDim) / 4;
    const uint position = row.position;
    for (uint i = thread; i < BINS; i += threads) bins[i] = 0;
    barrier();

    float low = -NO_SCORE;
    float high = NO_SCORE;
    for (uint kv = first_key(position) + thread; kv <= position; kv += threads) {
        float score = 0.0;
        uvec2 page = page_of(push.blockGroup, kv);
        uint at = KV_VECTORS * key_at(push.layerAt, head / push.groupSize, kv, chunks);
        uint scales = key_scales_at(push.layerAt, head / push.groupSize, kv, chunks);
        for (uint i = 0; i < push.headDim / 4; i++) score += dot(query_quad(query_at + i), kv_quad(page, at, scales, i));
        score *= push.scale;
        if (push.softCap > 0.0) score = soft_cap(score, push.softCap);
        if (is_finite(score)) {
            low = min(low, score);
            high = max(high, score);
            atomicAdd(bins[bin_of(score)], 1);
        } else {
            atomicAdd(not_finite, 1);
        }
    }
    low = -workgroup_max(-low);
    high = workgroup_max(high);
    barrier();
    for (uint i = thread; i < BINS; i += threads) {
        if (bins[i] > 0) atomicAdd(score_bins[i], bins[i]);
    }
    if (thread == 0 && low <= high) {
        atomicMax(highest, ordered(high));
        atomicMax(not_lowest, ~ordered(low));
        atomicAdd(rows, 1);
        atomicAdd(row_lowest_bins[bin_of(low)], 1);
        atomicAdd(row_highest_bins[bin_of(high)], 1);
    }
}
