// Where keys and values lie, and the type of their elements, by -D KV_F16, -D KV_F32 or -D KV_Q8_0. Mirrors KvLayout in C#.
//
// A page holds PAGE_TOKENS consecutive positions of one sequence: for each of its layers the keys of each head, then the values of each.
// A head has rows of elements, [PAGE_TOKENS][head dim]. With KV_Q8_0 elements are signed bytes, and behind its rows stand their scales:
// [PAGE_TOKENS] float16 for each KV_BLOCK elements of a row, of which the last ones may be fewer, padded to whole words. A block table has
// the 64-bit address of each page of a sequence; inside a page 32 bits are enough.
//   KV_ELEMS            elements of a chunk, which is what one load takes: 16 bytes, with KV_Q8_0 8
//   KvBits              the type of a chunk
//   kv_decode(bits, out vec4 values[KV_VECTORS])  a chunk as floats; with KV_Q8_0 to be multiplied with its scale
#ifndef KV_CACHE_GLSL
#define KV_CACHE_GLSL
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

#if defined(KV_F16)
#extension GL_EXT_shader_16bit_storage : require
#define KV_ELEMS 8
#define KvBits uvec4
#define KvElement float16_t
#elif defined(KV_F32)
#define KV_ELEMS 4
#define KvBits uvec4
#define KvElement float
#elif defined(KV_Q8_0)
#define KV_ELEMS 8
#define KvBits uvec2
#else
#error "a variant of this shader is compiled with -D KV_F16, -D KV_F32 or -D KV_Q8_0"
#endif

#define KV_VECTORS (KV_ELEMS / 4)

const uint PAGE_TOKENS = 32;
const uint KV_BLOCK = 32; // elements that share a scale
#ifdef KV_Q8_0
const uint KV_WORDS = 2; // of a chunk
#else
const uint KV_WORDS = 4;
#endif

// `coherent` where a dispatch that is still running may have written keys and values.
#ifndef KV_COHERENT
#define KV_COHERENT
#endif

layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer BlockTable { uvec2 pages[]; };

// A page by the units that a shader reads or writes it in.
layout(buffer_reference, std430, buffer_reference_align = 16) readonly KV_COHERENT buffer KvChunks { KvBits chunks[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer KvPairs { uvec2 pairs[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) KV_COHERENT buffer KvWords { uint words[]; };

// Words of the scales of a row of so many chunks.
uint scale_words(uint row_chunks) {
#ifdef KV_Q8_0
    return (row_chunks * KV_ELEMS + 2 * KV_BLOCK - 1) / (2 * KV_BLOCK);
#else
    return 0;
#endif
}

// Chunks of one head's keys in a page.
uint head_chunks(uint row_chunks) {
    return PAGE_TOKENS * row_chunks + PAGE_TOKENS / KV_WORDS * scale_words(row_chunks);
}

// The first chunk of a head's keys in a page, where a layer begins at `layer`, in 16 bytes.
uint head_at(uint layer, uint kv_head, uint row_chunks) {
    return layer * (4 / KV_WORDS) + kv_head * head_chunks(row_chunks);
}

// The first chunk of a position's key.
uint key_at(uint layer, uint kv_head, uint token, uint row_chunks) {
    return head_at(layer, kv_head, row_chunks) + token % PAGE_TOKENS * row_chunks;
}

// From a key to its value, in chunks.
uint value_after(uint kv_heads, uint row_chunks) {
    return kv_heads * head_chunks(row_chunks);
}

// The first word of the scales of a position's key; those of its value lie KV_WORDS * value_after() further on.
uint key_scales_at(uint layer, uint kv_head, uint token, uint row_chunks) {
    return KV_WORDS * (head_at(layer, kv_head, row_chunks) + PAGE_TOKENS * row_chunks) + token % PAGE_TOKENS * scale_words(row_chunks);
}

// The scale of a block, of the word that has it.
float scale_of(uint word, uint block) {
    vec2 scales = unpackHalf2x16(word);
    return (block & 1u) != 0 ? scales.y : scales.x;
}

// Four signed bytes.
vec4 kv_bytes(uint word) {
    int bytes = int(word);
    return vec4(ivec4(bytes << 24, bytes << 16, bytes << 8, bytes) >> 24);
}

void kv_decode(KvBits bits, out vec4 values[KV_VECTORS]) {
#if defined(KV_F16)
    values[0] = vec4(unpackHalf2x16(bits.x), unpackHalf2x16(bits.y));
    values[1] = vec4(unpackHalf2x16(bits.z), unpackHalf2x16(bits.w));
#elif defined(KV_Q8_0)
    values[0] = kv_bytes(bits.x);
    values[1] = kv_bytes(bits.y);
#else
    values[0] = uintBitsToFloat(bits);
#endif
}

// Four elements of a row, from 4 * quad on: its elements begin at so many quads of the page, its scales at so many words.
vec4 kv_quad(uvec2 page, uint row, uint scales, uint quad) {
#if defined(KV_F16)
    uvec2 bits = KvPairs(page).pairs[row + quad];
    return vec4(unpackHalf2x16(bits.x), unpackHalf2x16(bits.y));
#elif defined(KV_Q8_0)
    const uint block = quad / (KV_BLOCK / 4);
    return kv_bytes(KvWords(page).words[row + quad]) * scale_of(KvWords(page).words[scales + block / 2], block);
#else
    return uintBitsToFloat(KvChunks(page).chunks[row + quad]);
#endif
}

#endif
