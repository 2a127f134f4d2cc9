#version 450
#extension GL_GOOGLE_include_directive : require
// Rows [Q heads | K heads | V heads] of the QKV product: the bias is added, the heads of Q and K are RMS-normalised
// (QK_NORM; Henry et al. 2020) and rotated (RoPE; Su et al. 2021), Q goes to the query buffer, K and V to their place in
// the cache [NumKvHeads][Capacity][HeadDim].
// One workgroup does one head (x) of one token (y), an invocation two neighbouring elements at a time.
// STEP_STATE: the one token's position is the decode step's. BATCH: each token (y) is the decode step's of a sequence of its own.
// QUERY_F16, KV_F16: float16, two per uint.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint SPLIT_HALF = 0; // 0: pairs (2i, 2i+1); 1: pairs (i, i + RotaryDim/2)
layout(constant_id = 2) const bool BIAS = false;
layout(constant_id = 3) const bool QK_NORM = false;
layout(constant_id = 4) const bool STEP_STATE = false;

#include "push/rope_store.glsl"
#include "half_pair.glsl"
#include "reductions.glsl"
#ifdef BATCH
#define SEQUENCES_BINDING 7
#define SEQUENCE_INDEX push.startPosition + gl_WorkGroupID.y
#include "sequences.glsl"
#else
#define STEP_STATE_BINDING 7
#include "step_state.glsl"
#endif

layout(set = 0, binding = 0, std430) readonly buffer Input { float qkv[]; };
layout(set = 0, binding = 1, std430) readonly buffer RopeTable { vec2 rope[]; }; // (cos, sin) [position][RotaryDim/2]
#ifdef QUERY_F16
layout(set = 0, binding = 2, std430) writeonly buffer Query { uint query[]; };
#else
layout(set = 0, binding = 2, std430) writeonly buffer Query { float query[]; };
#endif
#ifdef KV_F16
#define KV_WORD uint
#else
#define KV_WORD float
#endif
#ifdef BATCH
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly buffer KvWords { KV_WORD words[]; };
#define k_cache KvWords(sequence.keys).words
#define v_cache KvWords(sequence.values).words
#else
layout(set = 0, binding = 3, std430) writeonly buffer KCache { KV_WORD k_cache[]; };
layout(set = 0, binding = 4, std430) writeonly buffer VCache { KV_WORD v_cache[]; };
#endif

layout(set = 0, binding = 5, std430) readonly buffer Bias { float bias[]; };
layout(set = 0, binding = 6, std430) readonly buffer Gain { float gain[]; }; // of a query head, then of a key head

uint head = gl_WorkGroupID.x;
bool is_query = head < push.numHeads;
bool is_key = !is_query && head < push.numHeads + push.numKvHeads;
#ifdef BATCH
uint row = sequence.row;
uint position = StepPosition(sequence.step_state).position;
uint capacity = sequence.capacity;
#else
uint row = gl_WorkGroupID.y;
uint position = STEP_STATE ? state.position : push.startPosition + row;
uint capacity = push.capacity;
#endif
uint head_at = row * push.inputStride + head * push.headDim;
float scale = 1.0; // of the head's norm

float biased(uint element) {
    float value = qkv[head_at + element];
    return BIAS ? value + bias[head * push.headDim + element] : value;
}

float normed(uint element) {
    float value = biased(element);
    return QK_NORM ? value * scale * gain[(is_key ? push.headDim : 0) + element] : value;
}

float rotated(uint element) {
    float value = normed(element);
    if (element >= push.rotaryDim) {
        return value;
    }
    uint pairs = push.rotaryDim / 2;
    bool second = SPLIT_HALF != 0 ? element >= pairs : (element & 1) != 0;
    uint pair = SPLIT_HALF != 0 ? (second ? element - pairs : element) : element / 2;
    uint partner = SPLIT_HALF != 0 ? (second ? element - pairs : element + pairs) : element ^ 1;
    vec2 turn = rope[position * pairs + pair];
    float other = normed(partner);
    return second ? value * turn.x + other * turn.y : value * turn.x - other * turn.y;
}

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
    if (position >= capacity) {
        return;
    }
    if (QK_NORM && (is_query || is_key)) {
        float squares = 0.0;
        for (uint i = gl_LocalInvocationID.x; i < push.headDim; i += gl_WorkGroupSize.x) {
            squares += biased(i) * biased(i);
        }
        scale = inversesqrt(workgroup_sum(squares) / float(push.headDim) + push.epsilon);
    }

    uint kv_head = head - push.numHeads - (is_key ? 0 : push.numKvHeads);
    uint to = is_query ? row * push.queryStride + head * push.headDim : (kv_head * capacity + position) * push.headDim;
    for (uint i = 2 * gl_LocalInvocationID.x; i < push.headDim; i += 2 * gl_WorkGroupSize.x) {
        if (is_query) {
            store_query(to + i, vec2(rotated(i), rotated(i + 1)));
        } else if (is_key) {
            store_key(to + i, vec2(rotated(i), rotated(i + 1)));
        } else {
            store_value(to + i, vec2(biased(i), biased(i + 1)));
        }
    }
}
