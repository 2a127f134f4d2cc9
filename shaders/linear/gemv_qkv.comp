#version 460
// Queries, keys and values of one token: the concatenated projections with their biases, RoPE on queries and keys, and keys and values
// stored straight into the page of the step's position. A slice begins at head push.first_row of the sequence
// query heads, key heads, value heads. Two slots form a pair that RoPE rotates together.
#define STEP_STATE_BINDING 6
#define SLOTS_PER_ITEM 2
#include "linear/gemv.glsl"
#include "kv_cache.glsl"
#include "step_state.glsl"

layout(constant_id = 8) const bool SPLIT_HALF = false;

layout(set = 0, binding = 3) writeonly CHAINED buffer QueryBuffer { float q[]; };
layout(set = 0, binding = 4) readonly buffer BlockBuffer { uvec2 pages[]; };
layout(set = 0, binding = 5) readonly buffer RopeBuffer { vec2 rope[]; }; // [position][rotary_dim / 2] (cos, sin)
layout(set = 0, binding = 7) readonly buffer QuantsBuffer { uvec4 W[]; };
#if W_QUANTIZED
layout(set = 0, binding = 8) readonly buffer ScalesBuffer { W_SCALE S[]; };
#endif
layout(buffer_reference, std430, buffer_reference_align = 16) writeonly CHAINED buffer KvElements { KvElement elements[]; };

uvec2 page; // looked up before the product, so that nothing waits for it

// The element of its head that a pair's first or second slot stands for. The rotated pairs come first.
uint element_of(uint pair, uint second) {
    uint rotated = push.rotary_dim / 2;
    return SPLIT_HALF && pair < rotated ? pair + second * rotated : 2 * pair + second;
}

uint gemv_row(uint slot) {
    uint head = slot / push.head_dim;
    uint in_head = slot - head * push.head_dim;
    return head * push.head_dim + element_of(in_head / 2, in_head % 2);
}

WRaw gemv_fetch(uint slot, uint index) {
    return W_FETCH(W, S, index);
}

vec2 angle; // of the pair that is finished next

void gemv_prepare(uint slot) {
    const uint head = slot / push.head_dim;
    const uint pair = (slot - head * push.head_dim) / 2;
    if (push.first_row + head < push.num_heads + push.num_kv_heads && pair < push.rotary_dim / 2) {
        angle = rope[min(state.position, push.capacity - 1) * (push.rotary_dim / 2) + pair];
    }
}

void finish_pair(uint head, uint pair, vec2 value) {
    const uint position = state.position;
    if (position >= push.capacity) return;
    const uint first_value_head = push.num_heads + push.num_kv_heads;
    const uint first = element_of(pair, 0);
    const uint second = element_of(pair, 1);
    value = vec2(with_bias(head * push.head_dim + first, value.x), with_bias(head * push.head_dim + second, value.y));
    if (head < first_value_head && pair < push.rotary_dim / 2) {
        value = vec2(value.x * angle.x - value.y * angle.y, value.x * angle.y + value.y * angle.x);
    }
    if (head < push.num_heads) {
        q[head * push.head_dim + first] = value.x;
        q[head * push.head_dim + second] = value.y;
    } else {
        const bool is_key = head < first_value_head;
        const uint kv_head = is_key ? head - push.num_heads : head - first_value_head;
        // In elements, since nothing here is quantised: a division by chunks cost Q4_K a tenth of a decode step on an H200.
        uint to = key_at(push.layer_at * KV_ELEMS, kv_head, position, push.head_dim);
        if (!is_key) to += value_after(push.num_kv_heads, push.head_dim);
        KvElements(page).elements[to + first] = KvElement(value.x);
        KvElements(page).elements[to + second] = KvElement(value.y);
    }
}

float gemv_finish(uint slot, float sums[SLOTS_PER_ITEM]) {
    const uint head = slot / push.head_dim;
    finish_pair(push.first_row + head, (slot - head * push.head_dim) / 2, vec2(sums[0], sums[1]));
    return 0.0;
}

void main() {
    page = pages[min(state.position, push.capacity - 1) / PAGE_TOKENS];
    gemv();
}
