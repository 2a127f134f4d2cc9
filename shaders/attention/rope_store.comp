#version 460
#extension GL_GOOGLE_include_directive : require
// Rows [Q heads | K heads | V heads] of the QKV product, with bias, norm of heads and rotation: Q goes to the query buffer, K and V to
// the pages of each row's sequence. Where keys and values are another layer's there are no K and V heads.
// One workgroup does HEADS neighbouring heads (x) of one row (y), an invocation two neighbouring elements at a time.
// STEP_STATE: the one row is that of a decode step. QUERY_F16: float16, two per uint. KV_Q8_0: rows are staged and quantised.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool SPLIT_HALF = false; // pairs (i, i + RotaryDim/2); else (2i, 2i+1)
layout(constant_id = 2) const bool BIAS = false;
layout(constant_id = 3) const uint QK_NORM = 0; // QkNormKind in C#; 0: none
layout(constant_id = 4) const bool STEP_STATE = false;
layout(constant_id = 5) const uint HEADS = 1; // 1 with a norm
layout(constant_id = 6) const bool GATES = false; // behind each head of Q as many gates, which are not taken

#define ROW_LIST_BINDING 3
#define SEQUENCES_BINDING 4
#define STEP_STATE_BINDING 7
#include "push/rope_store.glsl"
#define KV_COHERENT coherent
#include "kv_quantise.glsl"
#include "half_pair.glsl"
#include "rows.glsl"
#include "step_state.glsl"
#include "chain.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Input { float qkv[]; };
layout(set = 0, binding = 1, std430) readonly buffer RopeTable { vec2 rope[]; }; // (cos, sin) [position][RotaryDim/2]
#ifdef QUERY_F16
layout(set = 0, binding = 2, std430) writeonly coherent buffer Query { uint query[]; };
#else
layout(set = 0, binding = 2, std430) writeonly coherent buffer Query { float query[]; };
#endif
layout(set = 0, binding = 5, std430) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 6, std430) readonly buffer Gain { float gain[]; }; // of a query head, then of a key head
layout(set = 0, binding = 8, std430) readonly buffer Blocks { uvec2 pages[]; }; // of the decode step's sequence

#define NUM_HEADS push.numHeads
#define NUM_KV_HEADS push.numKvHeads
#define HEAD_DIM push.headDim
#define ROTARY_DIM push.rotaryDim
#define NORM_EPSILON push.epsilon
#include "rotation.glsl"

void store_query(uint to, vec2 value) {
#ifdef QUERY_F16
    query[to / 2] = half_pair(value);
#else
    query[to] = value.x;
    query[to + 1] = value.y;
#endif
}

// Whether a head is one of keys, and which it is of its kind.
bool is_key_head(uint head, out uint kv_head) {
    const uint after_queries = head - push.numHeads;
    const bool is_key = after_queries < push.numKvHeads;
    kv_head = is_key ? after_queries : after_queries - push.numKvHeads;
    return is_key;
}

// The first word of a cached head's row.
uint row_at_word(uint head, uint position) {
    const uint chunks = push.headDim / KV_ELEMS;
    uint kv_head;
    const bool is_key = is_key_head(head, kv_head);
    return KV_WORDS * (key_at(push.layerAt, kv_head, position, chunks) + (is_key ? 0 : value_after(push.numKvHeads, chunks)));
}

#ifdef KV_Q8_0
// Quantises what the workgroup has staged.
void store_staged(uvec2 page, uint first_head, uint heads, uint position) {
    const uint chunks = push.headDim / KV_ELEMS;
    const uint queries = push.numHeads - min(first_head, push.numHeads);
    try_scales(queries, heads, push.headDim);
    for (uint at = queries * push.headDim + 4 * gl_LocalInvocationID.x; at < heads * push.headDim; at += 4 * gl_WorkGroupSize.x) {
        const uint row = at / push.headDim;
        const uint head = first_head + row;
        uint kv_head;
        const bool is_key = is_key_head(head, kv_head);
        const uint scales = key_scales_at(push.layerAt, kv_head, position, chunks)
            + (is_key ? 0 : KV_WORDS * value_after(push.numKvHeads, chunks));
        store_quad(page, row_at_word(head, position), scales, row, push.headDim, at % push.headDim / 4);
    }
}
#endif

// Two elements of a cached head, from the i-th on.
void store_cached(uvec2 page, uint head, uint position, uint i, uint in_group, vec2 value) {
#if defined(KV_Q8_0)
    kv_staged[in_group] = value.x;
    kv_staged[in_group + 1] = value.y;
#elif defined(KV_F16)
    KvWords(page).words[row_at_word(head, position) + i / 2] = half_pair(value);
#else
    KvWords(page).words[row_at_word(head, position) + i] = floatBitsToUint(value.x);
    KvWords(page).words[row_at_word(head, position) + i + 1] = floatBitsToUint(value.y);
#endif
}

// From where a head's elements are counted as if there were no gates.
uint without_gates(uint row_at, uint head) {
    return GATES ? row_at + min(head, push.numHeads) * push.headDim : row_at;
}

void store() {
    if (!STEP_STATE && !take_row(gl_WorkGroupID.y)) return;
    const uint activations = STEP_STATE ? 0 : row.row;
    const uint position = STEP_STATE ? state.position : row.position;
    if (position >= (STEP_STATE ? push.capacity : sequence.capacity)) return;
    const uvec2 page = STEP_STATE ? pages[position / PAGE_TOKENS] : page_of(push.blockGroup, position);

    const uint row_at = activations * push.inputStride;
    const uint first_head = gl_WorkGroupID.x * HEADS;
    const float scale = norm_scale(without_gates(row_at, first_head), first_head);
    const float temperature = 1.0 + push.temperatureBeta * log(1.0 + float(position / push.temperatureLength));
    const uint heads = min(HEADS, push.numHeads + 2 * push.numKvHeads - first_head);
    for (uint at = 2 * gl_LocalInvocationID.x; at < heads * push.headDim; at += 2 * gl_WorkGroupSize.x) {
        const uint head = first_head + (HEADS == 1 ? 0 : at / push.headDim);
        const uint i = HEADS == 1 ? at : at % push.headDim;
        const uint from = without_gates(row_at, head);
        if (head < push.numHeads) {
            store_query(
                activations * push.queryStride + head * push.headDim + i,
                temperature * vec2(rotated(from, head, i, scale, position), rotated(from, head, i + 1, scale, position)));
            continue;
        }
        const vec2 value = head < push.numHeads + push.numKvHeads
            ? vec2(rotated(from, head, i, scale, position), rotated(from, head, i + 1, scale, position))
            : scale * vec2(biased(from, head, i), biased(from, head, i + 1));
        store_cached(page, head, position, i, at, value);
    }
#ifdef KV_Q8_0
    store_staged(page, first_head, heads, position);
#endif
}

void main() {
    chain_wait();
    store();
    chain_arrive();
}
