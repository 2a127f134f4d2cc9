#version 460
#extension GL_GOOGLE_include_directive : require
// Before latent attention in the absorbed form (MLA; DeepSeek-V2): workgroup x = 0 normalises a row's latent, rotates the part of its key
// that all heads share (RoPE) and stores both as one key, which is the value, too; x = 1 rotates that part of each head's query, behind
// the absorbed part, which is there already. Workgroup y is the row. STEP_STATE: the one row is that of a decode step.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool SPLIT_HALF = false; // pairs (i, i + ropeDim/2); else (2i, 2i+1)
layout(constant_id = 2) const bool STEP_STATE = false;

#define ROW_LIST_BINDING 4
#define SEQUENCES_BINDING 5
#define STEP_STATE_BINDING 7
#include "push/latent_store.glsl"
#include "kv_quantise.glsl"
#include "half_pair.glsl"
#include "rows.glsl"
#include "step_state.glsl"
#include "reductions.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Input { float latents[]; };
layout(set = 0, binding = 1, std430) readonly buffer RopeTable { vec2 rope[]; }; // (cos, sin) [position][ropeDim/2]
layout(set = 0, binding = 2, std430) readonly buffer Queries { float queries[]; };
layout(set = 0, binding = 3, std430) buffer Query { float query[]; };
layout(set = 0, binding = 6, std430) readonly buffer Gain { float gain[]; }; // [rank]
layout(set = 0, binding = 8, std430) readonly buffer Blocks { uvec2 pages[]; }; // of the decode step's sequence

// The turn of an element, the sine with the sign of its partner; and the partner.
vec2 turn_of(uint position, uint element) {
    const uint pairs = push.ropeDim / 2;
    const bool second = SPLIT_HALF ? element >= pairs : (element & 1) != 0;
    const vec2 turn = rope[position * pairs + (SPLIT_HALF ? element % pairs : element / 2)];
    return second ? turn : vec2(turn.x, -turn.y);
}

uint partner_of(uint element) {
    const uint pairs = push.ropeDim / 2;
    return SPLIT_HALF ? (element + pairs) % push.ropeDim : element ^ 1;
}

// An element of the key: the latent, then what is rotated.
float key_element(uint from, uint i, float scale, uint position) {
    if (i < push.rank) return latents[from + i] * scale * gain[i];
    const uint element = i - push.rank;
    return dot(turn_of(position, element), vec2(latents[from + i], latents[from + push.rank + partner_of(element)]));
}

void main() {
    if (!STEP_STATE && !take_row(gl_WorkGroupID.y)) return;
    const uint activations = STEP_STATE ? 0 : row.row;
    const uint position = STEP_STATE ? state.position : row.position;
    if (position >= (STEP_STATE ? push.capacity : sequence.capacity)) return;
    if (gl_WorkGroupID.x == 1) {
        for (uint i = gl_LocalInvocationID.x; i < push.numHeads * push.ropeDim; i += gl_WorkGroupSize.x) {
            const uint head = i / push.ropeDim;
            const uint element = i % push.ropeDim;
            const uint from = activations * push.queriesStride + head * (push.nopeDim + push.ropeDim) + push.nopeDim;
            query[activations * push.queryStride + head * (push.rank + push.ropeDim) + push.rank + element] =
                dot(turn_of(position, element), vec2(queries[from + element], queries[from + partner_of(element)]));
        }
        return;
    }

    const uint from = activations * push.inputStride + push.latentAt;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < push.rank; i += gl_WorkGroupSize.x) squares += latents[from + i] * latents[from + i];
    const float scale = inversesqrt(workgroup_sum(squares) / float(push.rank) + push.epsilon);
    const uvec2 page = STEP_STATE ? pages[position / PAGE_TOKENS] : page_of(push.blockGroup, position);
    const uint size = push.rank + push.ropeDim;
    const uint chunks = size / KV_ELEMS;
    const uint to = KV_WORDS * key_at(push.layerAt, 0, position, chunks);
#if defined(KV_Q8_0)
    for (uint i = gl_LocalInvocationID.x; i < size; i += gl_WorkGroupSize.x) kv_staged[i] = key_element(from, i, scale, position);
    try_scales(0, 1, size);
    const uint scales = key_scales_at(push.layerAt, 0, position, chunks);
    for (uint quad = gl_LocalInvocationID.x; quad < size / 4; quad += gl_WorkGroupSize.x) store_quad(page, to, scales, 0, size, quad);
#elif defined(KV_F16)
    for (uint i = 2 * gl_LocalInvocationID.x; i < size; i += 2 * gl_WorkGroupSize.x) {
        KvWords(page).words[to + i / 2] =
            half_pair(vec2(key_element(from, i, scale, position), key_element(from, i + 1, scale, position)));
    }
#else
    for (uint i = gl_LocalInvocationID.x; i < size; i += gl_WorkGroupSize.x) {
        KvWords(page).words[to + i] = floatBitsToUint(key_element(from, i, scale, position));
    }
#endif
}
