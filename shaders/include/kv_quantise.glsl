// Rows of keys and values on their way to a page of signed bytes: a workgroup stages their elements, finds for each block the scale that
// errs least, and stores elements as multiples of it, to nearest. An element that is no number makes its whole block none.
// Nothing for other types of cache.
#ifndef KV_QUANTISE_GLSL
#define KV_QUANTISE_GLSL
#include "kv_cache.glsl"
#ifdef KV_Q8_0
#include "softmax_scheme.glsl"

// Elements beyond ±127 · 512 are taken for that, so that what is read is a float16.
const float KV_MOST = 65024.0;

// Scales that are tried: with each the largest element is half a step less.
const uint KV_SCALES = 16;

const uint KV_STAGED = 1024; // KvLayout.MostStaged in C#
shared float kv_staged[KV_STAGED];
shared float kv_errors[KV_STAGED / 8 * KV_SCALES]; // of blocks, which have 8 elements or more

float staged(uint i) {
    return clamp(kv_staged[i], -KV_MOST, KV_MOST);
}

// What a block's elements are divided by; no number where one is none.
float block_scale(uint first, uint count, uint choice) {
    float largest = 0.0;
    bool is_number = true;
    for (uint i = first; i < first + count; i++) {
        largest = max(largest, abs(staged(i)));
        is_number = is_number && is_finite(kv_staged[i]);
    }
    const float scale = largest / (127.0 - 0.5 * float(choice));
    return unpackHalf2x16(is_number ? packHalf2x16(vec2(scale, 0.0)) : 0x7E00u).x;
}

float steps_of(float element, float scale) {
    return scale > 0.0 ? clamp(roundEven(element / scale), -127.0, 127.0) : 0.0;
}

uint row_blocks(uint head_dim) {
    return (head_dim + KV_BLOCK - 1) / KV_BLOCK;
}

// Tries all scales of the blocks of staged rows, from `first_row` up to `rows`; by the whole workgroup.
void try_scales(uint first_row, uint rows, uint head_dim) {
    const uint blocks = row_blocks(head_dim);
    barrier();
    for (uint i = first_row * blocks * KV_SCALES + gl_LocalInvocationIndex; i < rows * blocks * KV_SCALES; i += gl_WorkGroupSize.x) {
        const uint block = i / KV_SCALES % blocks;
        const uint first = i / KV_SCALES / blocks * head_dim + block * KV_BLOCK;
        const uint count = min(KV_BLOCK, head_dim - block * KV_BLOCK);
        const float scale = block_scale(first, count, i % KV_SCALES);
        float error = 0.0;
        for (uint j = first; j < first + count; j++) {
            const float off = staged(j) - scale * steps_of(staged(j), scale);
            error += off * off;
        }
        kv_errors[i] = error;
    }
    barrier();
}

// The best scale of a block of a staged row.
float best_scale(uint row, uint head_dim, uint block) {
    const uint from = (row * row_blocks(head_dim) + block) * KV_SCALES;
    uint best = 0;
    for (uint i = 1; i < KV_SCALES; i++) best = kv_errors[from + i] < kv_errors[from + best] ? i : best;
    return block_scale(row * head_dim + block * KV_BLOCK, min(KV_BLOCK, head_dim - block * KV_BLOCK), best);
}

// Stores four elements of a staged row, from 4 * quad on, and with the first of two blocks the word of their scales, once scales have been
// tried. In the page the elements of the row begin at word `elements`, its scales at word `scales`.
void store_quad(uvec2 page, uint elements, uint scales, uint row, uint head_dim, uint quad) {
    const uint block = quad * 4 / KV_BLOCK;
    const float scale = best_scale(row, head_dim, block);
    uint word = 0;
    for (uint i = 0; i < 4; i++) word |= (uint(int(steps_of(staged(row * head_dim + quad * 4 + i), scale))) & 0xFFu) << (8 * i);
    KvWords(page).words[elements + quad] = word;
    if (quad * 4 % (2 * KV_BLOCK) == 0) {
        const float next = block + 1 < row_blocks(head_dim) ? best_scale(row, head_dim, block + 1) : 0.0;
        KvWords(page).words[scales + block / 2] = packHalf2x16(vec2(scale, next));
    }
}
#endif

#endif
