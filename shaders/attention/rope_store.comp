#version 460
#extension GL_GOOGLE_include_directive : require
// Rows [Q heads | K heads | V heads] of the QKV product, with bias, norm of heads and rotation: Q goes to the query buffer, K and V to
// their place in the cache [NumKvHeads][Capacity][HeadDim].
// One workgroup does HEADS neighbouring heads (x) of one token (y), an invocation two neighbouring elements at a time.
// STEP_STATE: the one token's position is the decode step's. QUERY_F16, KV_F16: float16, two per uint.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool SPLIT_HALF = false; // pairs (i, i + RotaryDim/2); else (2i, 2i+1)
layout(constant_id = 2) const bool BIAS = false;
layout(constant_id = 3) const bool QK_NORM = false;
layout(constant_id = 4) const bool STEP_STATE = false;
layout(constant_id = 5) const uint HEADS = 1; // 1 with QK_NORM

#define STEP_STATE_BINDING 7
#include "push/rope_store.glsl"
#include "half_pair.glsl"
#include "step_state.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Input { float qkv[]; };
layout(set = 0, binding = 1, std430) readonly buffer RopeTable { vec2 rope[]; }; // (cos, sin) [position][RotaryDim/2]
#ifdef QUERY_F16
layout(set = 0, binding = 2, std430) writeonly buffer Query { uint query[]; };
#else
layout(set = 0, binding = 2, std430) writeonly buffer Query { float query[]; };
#endif
#ifdef KV_F16
layout(set = 0, binding = 3, std430) writeonly buffer KCache { uint k_cache[]; };
layout(set = 0, binding = 4, std430) writeonly buffer VCache { uint v_cache[]; };
#else
layout(set = 0, binding = 3, std430) writeonly buffer KCache { float k_cache[]; };
layout(set = 0, binding = 4, std430) writeonly buffer VCache { float v_cache[]; };
#endif

layout(set = 0, binding = 5, std430) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 6, std430) readonly buffer Gain { float gain[]; }; // of a query head, then of a key head

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

void store_key(uint to, vec2 value) {
#ifdef KV_F16
    k_cache[to / 2] = half_pair(value);
#else
    k_cache[to] = value.x;
    k_cache[to + 1] = value.y;
#endif
}

void store_value(uint to, vec2 value) {
#ifdef KV_F16
    v_cache[to / 2] = half_pair(value);
#else
    v_cache[to] = value.x;
    v_cache[to + 1] = value.y;
#endif
}

void main() {
    const uint token = gl_WorkGroupID.y;
    const uint row_at = token * push.inputStride;
    const uint position = STEP_STATE ? state.position : push.startPosition + token;
    if (position >= push.capacity) {
        return;
    }

    const uint first_head = gl_WorkGroupID.x * HEADS;
    const float scale = norm_scale(row_at, first_head);
    const uint heads = min(HEADS, push.numHeads + 2 * push.numKvHeads - first_head);
    for (uint at = 2 * gl_LocalInvocationID.x; at < heads * push.headDim; at += 2 * gl_WorkGroupSize.x) {
        const uint head = first_head + (HEADS == 1 ? 0 : at / push.headDim);
        const uint i = HEADS == 1 ? at : at % push.headDim;
        const uint after_queries = head - min(head, push.numHeads);
        if (head < push.numHeads) {
            store_query(
                token * push.queryStride + head * push.headDim + i,
                vec2(rotated(row_at, head, i, scale, position), rotated(row_at, head, i + 1, scale, position)));
        } else if (after_queries < push.numKvHeads) {
            store_key(
                (after_queries * push.capacity + position) * push.headDim + i,
                vec2(rotated(row_at, head, i, scale, position), rotated(row_at, head, i + 1, scale, position)));
        } else {
            store_value(
                ((after_queries - push.numKvHeads) * push.capacity + position) * push.headDim + i,
                vec2(biased(row_at, head, i), biased(row_at, head, i + 1)));
        }
    }
}
