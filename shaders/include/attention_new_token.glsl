// What decode attention of a batch does first with the row that the QKV product made of a sequence's new token: its queries, and where
// the workgroup's split has it, its key and value, which the cache gets, too.
#define NUM_HEADS (push.kv_heads * push.group_size)
#define NUM_KV_HEADS push.kv_heads
#define HEAD_DIM (CHUNKS * KV_ELEMS)
#define ROTARY_DIM push.rotary_dim
#define NORM_EPSILON push.norm_epsilon
#include "rotation.glsl"

const uint NO_TOKEN = 0xFFFFFFFFu;

shared vec4 shared_query[HEADS * HEAD_VECTORS];
shared float shared_scales[HEADS + 1]; // of the norms: the queries' heads, then the key's
shared uvec4 new_key[CHUNKS];
shared uvec4 new_value[CHUNKS];
uint new_token = NO_TOKEN; // that the workgroup's split has

vec4 rotated_vector(uint row_at, uint head, uint vector, float scale, uint position) {
    vec4 value;
    [[unroll]] for (uint i = 0; i < 4; i++) value[i] = rotated(row_at, head, 4 * vector + i, scale, position);
    return value;
}

vec4 biased_vector(uint row_at, uint head, uint vector) {
    vec4 value;
    [[unroll]] for (uint i = 0; i < 4; i++) value[i] = biased(row_at, head, 4 * vector + i);
    return value;
}

uvec4 encode_chunk(vec4 values[KV_VECTORS]) {
#ifdef KV_F16
    return uvec4(half_pair(values[0].xy), half_pair(values[0].zw), half_pair(values[1].xy), half_pair(values[1].zw));
#else
    return floatBitsToUint(values[0]);
#endif
}

// By all invocations of the workgroup. The first of the workgroups that share a key and value head stores them.
void prepare_token(uint first_head, uint rows, uint kv_head, bool is_first, uint end) {
    const uint row_at = sequence.row * push.input_stride;
    const uint position = STEP_POSITION;
    const uint key_head = NUM_HEADS + kv_head;
    if (QK_NORM) {
        for (uint h = 0; h <= HEADS; h++) {
            float scale = norm_scale(row_at, h < HEADS ? first_head + min(h, rows - 1) : key_head);
            if (gl_LocalInvocationIndex == 0) shared_scales[h] = scale;
        }
        barrier();
    }
    if (position < CAPACITY && end == position + 1) new_token = position;

    // Beyond the capacity there is no rotation either: the table ends there.
    const uint turn = min(position, CAPACITY - 1);
    const uint queries = rows * HEAD_VECTORS;
    const uint items = queries + (new_token == NO_TOKEN ? 0 : 2 * CHUNKS);
    for (uint item = gl_LocalInvocationIndex; item < items; item += gl_WorkGroupSize.x) {
        if (item < queries) {
            uint h = item / HEAD_VECTORS;
            shared_query[item] = rotated_vector(row_at, first_head + h, item % HEAD_VECTORS, QK_NORM ? shared_scales[h] : 1.0, turn);
            continue;
        }
        uint chunk = (item - queries) % CHUNKS;
        bool is_key = item - queries < CHUNKS;
        vec4 values[KV_VECTORS];
        [[unroll]] for (uint v = 0; v < KV_VECTORS; v++) {
            values[v] = is_key
                ? rotated_vector(row_at, key_head, chunk * KV_VECTORS + v, QK_NORM ? shared_scales[HEADS] : 1.0, turn)
                : biased_vector(row_at, key_head + NUM_KV_HEADS, chunk * KV_VECTORS + v);
        }
        uvec4 encoded = encode_chunk(values);
        uint to = (kv_head * CAPACITY + position) * CHUNKS + chunk;
        if (is_key) {
            new_key[chunk] = encoded;
            if (is_first) NewKvChunks(sequence.keys).chunks[to] = encoded;
        } else {
            new_value[chunk] = encoded;
            if (is_first) NewKvChunks(sequence.values).chunks[to] = encoded;
        }
    }
    barrier();
}

vec4 query_vector(uint first_head, uint h, uint vector) {
    return shared_query[h * HEAD_VECTORS + vector];
}
