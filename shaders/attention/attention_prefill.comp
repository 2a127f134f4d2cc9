#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
// Attention of a block of queries of one head over the cache, on the scalar units, float32 throughout:
// softmax(Q Kᵀ scale) V in blocks of keys as in FlashAttention (Dao et al. 2022), by any SCHEME of softmax. Workgroup x is the
// head, y the block of queries: an entry of the list, at most BLOCK_Q rows of one sequence. Causal but for SEES_LATER.
//
// A row that the guard marked is computed anew, and so is one that is no number: a NaN or an infinity among the values gets
// into rows that do not see it (0 · NaN is NaN). The second pass is synchronized, and careful to leave out what has no weight.
// OUTPUT_F16: the output is float16, for the matrix units.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD_DIM = 128; // a multiple of 8
layout(constant_id = 2) const uint BLOCK_Q = 32;
layout(constant_id = 3) const uint BLOCK_KV = 32; // divides a page
layout(constant_id = 4) const uint THREADS_Q = 8; // rows of the grid of threads that holds the output
layout(constant_id = 5) const uint THREADS_D = 16; // its columns
layout(constant_id = 6) const uint SCHEME = 1;
layout(constant_id = 7) const bool SINKS = false; // each head has a score more, without a value
layout(constant_id = 8) const bool SEES_LATER = false; // a query attends to keys behind it, too

#define ROW_LIST_BINDING 1
#define SEQUENCES_BINDING 2
#include "kv_cache.glsl"
#include "push/attention_prefill.glsl"
#include "rows.glsl"
#include "softmax_scheme.glsl"
#include "softmax_stats.glsl"
#include "attention_mask.glsl"
#include "half_pair.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Query { vec4 query[]; };
#ifdef OUTPUT_F16
layout(set = 0, binding = 3, std430) writeonly buffer Output { uvec2 attended[]; };
#else
layout(set = 0, binding = 3, std430) writeonly buffer Output { vec4 attended[]; };
#endif

layout(set = 0, binding = 4, std430) readonly buffer Sinks { float sinks[]; }; // [heads]

const uint THREADS = THREADS_Q * THREADS_D;
const uint QUADS = HEAD_DIM / 4;
const uint ROW = QUADS + 1; // one quad of padding: neighbouring rows start in different banks
// The scores: each invocation makes SCORE_Q rows by SCORE_KV columns at a time.
const uint SCORE_Q = 4;
const uint SCORE_KV = 2;
const uint SCORE_ROW = BLOCK_KV + 1;
// The softmax: PARTS invocations share a row.
const uint PARTS = THREADS / BLOCK_Q;
// The output: each invocation holds OUT_Q rows by OUT_D quads.
const uint OUT_Q = BLOCK_Q / THREADS_Q;
const uint OUT_D = (QUADS + THREADS_D - 1) / THREADS_D;

shared vec4 q_tile[BLOCK_Q * ROW];
shared vec4 kv_tile[BLOCK_KV * ROW]; // keys while scores are made, then values
shared float scores[BLOCK_Q * SCORE_ROW];
shared float part_of_row[BLOCK_Q * PARTS];
shared float row_factor[BLOCK_Q];
shared uint row_anew[BLOCK_Q]; // OUTSIDE, NOT_FINITE

const uint OUTSIDE = 1;
const uint NOT_FINITE = 2;

vec4 sums[OUT_Q * OUT_D];

// The i-th quad of some neighbouring rows of a page, which begin at a quad, their scales at a word.
vec4 cached(uvec2 page, uint rows, uint scales, uint i) {
    const uint token = i / QUADS;
    return kv_quad(page, rows + token * QUADS, scales + token * scale_words(QUADS / KV_VECTORS), i % QUADS);
}

// One pass over all visible keys: leaves the output in sums, and marks the rows that are to be computed anew.
void attend(uint scheme, bool careful, uint kv_head, uint kv_len) {
    uint thread = gl_LocalInvocationID.x;
    uint softmax_row = thread / PARTS;
    uint softmax_part = thread % PARTS;
    uint position = row.position + softmax_row;
    float row_frame = scheme == ASYNCHRONIZED ? push.phi : NO_SCORE;
    float row_sum = 0.0; // of this invocation's columns
    bool outside = false;
    uint out_q = thread / THREADS_D;
    uint out_d = thread % THREADS_D;
    [[unroll]] for (uint i = 0; i < OUT_Q * OUT_D; i++) {
        sums[i] = vec4(0.0);
    }

    for (uint first_kv = first_key(row.position) / BLOCK_KV * BLOCK_KV; first_kv < kv_len; first_kv += BLOCK_KV) {
        const uint chunks = QUADS / KV_VECTORS;
        uvec2 page = page_of(push.blockGroup, first_kv);
        uint keys = key_at(push.layerAt, kv_head, first_kv, chunks);
        uint values = keys + value_after(push.kvHeads, chunks);
        uint key_scales = key_scales_at(push.layerAt, kv_head, first_kv, chunks);
        uint value_scales = key_scales + KV_WORDS * value_after(push.kvHeads, chunks);
        barrier(); // the values of the block before have been used
        for (uint i = thread; i < BLOCK_KV * QUADS; i += THREADS) {
            kv_tile[i / QUADS * ROW + i % QUADS] = first_kv + i / QUADS < kv_len
                ? cached(page, keys * KV_VECTORS, key_scales, i) : vec4(0.0);
        }
        barrier();

        for (uint i = thread; i < BLOCK_Q / SCORE_Q * (BLOCK_KV / SCORE_KV); i += THREADS) {
            uint kv = i % (BLOCK_KV / SCORE_KV);
            uint q = i / (BLOCK_KV / SCORE_KV);
            float dots[SCORE_Q * SCORE_KV];
            [[unroll]] for (uint j = 0; j < SCORE_Q * SCORE_KV; j++) {
                dots[j] = 0.0;
            }
            for (uint d = 0; d < QUADS; d++) {
                vec4 k[SCORE_KV];
                [[unroll]] for (uint y = 0; y < SCORE_KV; y++) {
                    k[y] = kv_tile[(kv + y * (BLOCK_KV / SCORE_KV)) * ROW + d];
                }
                [[unroll]] for (uint x = 0; x < SCORE_Q; x++) {
                    vec4 v = q_tile[(q + x * (BLOCK_Q / SCORE_Q)) * ROW + d];
                    [[unroll]] for (uint y = 0; y < SCORE_KV; y++) {
                        dots[x * SCORE_KV + y] += dot(v, k[y]);
                    }
                }
            }
            [[unroll]] for (uint x = 0; x < SCORE_Q; x++) {
                [[unroll]] for (uint y = 0; y < SCORE_KV; y++) {
                    uint at = (q + x * (BLOCK_Q / SCORE_Q)) * SCORE_ROW + kv + y * (BLOCK_KV / SCORE_KV);
                    float score = dots[x * SCORE_KV + y];
                    scores[at] = push.softCap > 0.0 ? soft_cap(score, push.softCap) : score;
                }
            }
        }
        barrier();

        if (scheme != ASYNCHRONIZED) {
            float part_max = NO_SCORE;
            for (uint i = softmax_part; i < BLOCK_KV; i += PARTS) {
                if (is_visible(first_kv + i, position)) {
                    part_max = max(part_max, scores[softmax_row * SCORE_ROW + i]);
                }
            }
            part_of_row[thread] = part_max;
        }
        for (uint i = thread; i < BLOCK_KV * QUADS; i += THREADS) {
            kv_tile[i / QUADS * ROW + i % QUADS] = first_kv + i / QUADS < kv_len
                ? cached(page, values * KV_VECTORS, value_scales, i) : vec4(0.0);
        }
        if (scheme != ASYNCHRONIZED) {
            barrier();
            float highest = NO_SCORE;
            [[unroll]] for (uint i = 0; i < PARTS; i++) {
                highest = max(highest, part_of_row[softmax_row * PARTS + i]);
            }
            float frame = next_frame(scheme, row_frame, highest);
            float factor = softmax_weight(row_frame, frame);
            row_frame = frame;
            row_sum *= factor;
            if (softmax_part == 0) {
                row_factor[softmax_row] = factor;
            }
        }
        for (uint i = softmax_part; i < BLOCK_KV; i += PARTS) {
            uint at = softmax_row * SCORE_ROW + i;
            bool visible = is_visible(first_kv + i, position);
            outside = outside || (visible && is_outside(scores[at], push.lower, push.upper));
            float p = visible ? softmax_weight(scores[at], row_frame) : 0.0;
            scores[at] = p;
            row_sum += p;
        }
        barrier();

        if (scheme != ASYNCHRONIZED) {
            [[unroll]] for (uint x = 0; x < OUT_Q; x++) {
                float f = row_factor[out_q + x * THREADS_Q];
                [[unroll]] for (uint y = 0; y < OUT_D; y++) {
                    sums[x * OUT_D + y] *= f;
                }
            }
        }
        for (uint kv = 0; kv < BLOCK_KV; kv++) {
            float p[OUT_Q];
            [[unroll]] for (uint x = 0; x < OUT_Q; x++) {
                p[x] = scores[(out_q + x * THREADS_Q) * SCORE_ROW + kv];
            }
            [[unroll]] for (uint y = 0; y < OUT_D; y++) {
                // Beyond HeadDim the quad is read from inside the row and not stored.
                vec4 v = kv_tile[kv * ROW + min(out_d + y * THREADS_D, QUADS - 1)];
                [[unroll]] for (uint x = 0; x < OUT_Q; x++) {
                    if (!careful || p[x] != 0.0) {
                        sums[x * OUT_D + y] = fma(vec4(p[x]), v, sums[x * OUT_D + y]);
                    }
                }
            }
        }
    }

    // The sum may become infinite where the other weights then count for nothing.
    if (SINKS && softmax_part == 0) row_sum += softmax_weight(sinks[gl_WorkGroupID.x], row_frame);
    part_of_row[thread] = row_sum;
    if (scheme == ASYNCHRONIZED && outside && softmax_row < row.value) {
        atomicOr(row_anew[softmax_row], OUTSIDE);
    }
    barrier();
    [[unroll]] for (uint x = 0; x < OUT_Q; x++) {
        uint q = out_q + x * THREADS_Q;
        float total = 0.0;
        [[unroll]] for (uint i = 0; i < PARTS; i++) {
            total += part_of_row[q * PARTS + i];
        }
        bool finite = true;
        [[unroll]] for (uint y = 0; y < OUT_D; y++) {
            vec4 value = sums[x * OUT_D + y] / total;
            sums[x * OUT_D + y] = value;
            finite = finite && is_finite(value.x) && is_finite(value.y) && is_finite(value.z) && is_finite(value.w);
        }
        if (!finite && q < row.value) {
            atomicOr(row_anew[q], NOT_FINITE);
        }
    }
}

// Stores the rows that are right; after the second pass those that it was for.
void store(uint head, bool marked) {
    [[unroll]] for (uint x = 0; x < OUT_Q; x++) {
        uint q = gl_LocalInvocationID.x / THREADS_D + x * THREADS_Q;
        bool is_wanted = q < row.value && (row_anew[q] != 0) == marked;
        [[unroll]] for (uint y = 0; y < OUT_D; y++) {
            uint quad = gl_LocalInvocationID.x % THREADS_D + y * THREADS_D;
            if (is_wanted && quad < QUADS) {
                vec4 value = sums[x * OUT_D + y];
                uint to = (row.row + q) * (push.outputStride / 4) + head * QUADS + quad;
#ifdef OUTPUT_F16
                attended[to] = uvec2(half_pair(value.xy), half_pair(value.zw));
#else
                attended[to] = value;
#endif
            }
        }
    }
}

void main() {
    if (!take_row(gl_WorkGroupID.y)) return;
    uint thread = gl_LocalInvocationID.x;
    uint head = gl_WorkGroupID.x;
    if (SEES_LATER) take_rows_behind();
    stored_keys = row.position + row.value + rows_behind;
    uint kv_len = end_of_keys(row.position + row.value - 1);

    for (uint i = thread; i < BLOCK_Q * QUADS; i += THREADS) {
        uint q = i / QUADS;
        q_tile[q * ROW + i % QUADS] = q < row.value
            ? query[(row.row + q) * (push.queryStride / 4) + head * QUADS + i % QUADS] * push.scale : vec4(0.0);
    }

    if (thread < BLOCK_Q) {
        row_anew[thread] = 0;
    }

    for (uint pass = 0; pass < 2; pass++) {
        bool careful = pass == 1;
        attend(careful ? SYNCHRONIZED : SCHEME, careful, head / push.groupSize, kv_len);
        barrier();
        uint marks = 0;
        uint outside = 0;
        for (uint q = 0; q < BLOCK_Q; q++) {
            marks |= row_anew[q];
            outside += row_anew[q] & OUTSIDE;
        }
        if (!careful && SCHEME == ASYNCHRONIZED && thread == 0) {
            count_rows(row.value, outside);
        }
        store(head, careful);
        if (marks == 0) {
            break;
        }
    }
}
