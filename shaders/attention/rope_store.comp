#version 450
#extension GL_GOOGLE_include_directive : require
// Rows [Q heads | K heads | V heads] of the QKV product: Q and K are rotated (RoPE, Su et al. 2021), Q goes to the
// query buffer, K and V to their place in the cache [NumKvHeads][Capacity][HeadDim].
// One invocation does two neighbouring elements of one head, one workgroup row (y) one token.
// QUERY_F16, KV_F16: float16, two per uint.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint SPLIT_HALF = 0; // 0: pairs (2i, 2i+1); 1: pairs (i, i + RotaryDim/2)

#include "push/rope_store.glsl"
#include "half_pair.glsl"

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

float rotated(uint head_at, uint position, uint element) {
    float value = qkv[head_at + element];
    if (element >= push.rotaryDim) {
        return value;
    }
    uint pairs = push.rotaryDim / 2;
    bool second = SPLIT_HALF != 0 ? element >= pairs : (element & 1) != 0;
    uint pair = SPLIT_HALF != 0 ? (second ? element - pairs : element) : element / 2;
    uint partner = SPLIT_HALF != 0 ? (second ? element - pairs : element + pairs) : element ^ 1;
    vec2 turn = rope[position * pairs + pair];
    float other = qkv[head_at + partner];
    return second ? value * turn.x + other * turn.y : value * turn.x - other * turn.y;
}

void main() {
    uint half_dim = push.headDim / 2;
    uint head = gl_GlobalInvocationID.x / half_dim;
    uint element = 2 * (gl_GlobalInvocationID.x % half_dim);
    uint token = gl_WorkGroupID.y;
    if (head >= push.numHeads + 2 * push.numKvHeads) {
        return;
    }
    uint position = push.startPosition + token;
    uint head_at = token * push.inputStride + head * push.headDim;

    if (head < push.numHeads) {
        vec2 value = vec2(rotated(head_at, position, element), rotated(head_at, position, element + 1));
        uint to = token * push.queryStride + head * push.headDim + element;
#ifdef QUERY_F16
        query[to / 2] = half_pair(value);
#else
        query[to] = value.x;
        query[to + 1] = value.y;
#endif
        return;
    }

    bool is_key = head < push.numHeads + push.numKvHeads;
    uint kv_head = head - push.numHeads - (is_key ? 0 : push.numKvHeads);
    uint to = (kv_head * push.capacity + position) * push.headDim + element;
    vec2 value = is_key
        ? vec2(rotated(head_at, position, element), rotated(head_at, position, element + 1))
        : vec2(qkv[head_at + element], qkv[head_at + element + 1]);
#ifdef KV_F16
    uint packed = half_pair(value);
    if (is_key) {
        k_cache[to / 2] = packed;
    } else {
        v_cache[to / 2] = packed;
    }
#else
    if (is_key) {
        k_cache[to] = value.x;
        k_cache[to + 1] = value.y;
    } else {
        v_cache[to] = value.x;
        v_cache[to + 1] = value.y;
    }
#endif
}
