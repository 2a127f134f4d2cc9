// Where keys and values lie, and the type of their elements, by -D KV_F16 or -D KV_F32. Mirrors KvLayout in C#.
//
// A page holds PAGE_TOKENS consecutive positions of one sequence: for each of its layers keys, then values, [kv heads][PAGE_TOKENS]
// [head dim] each. A block table has the 64-bit address of each page of a sequence; inside a page 32 bits are enough.
//   KV_ELEMS            elements in one 16-byte load
//   KvElement           the type for stores of single elements
//   kv_decode(bits, out vec4 values[KV_VECTORS])  one 16-byte load as floats
#ifndef KV_CACHE_GLSL
#define KV_CACHE_GLSL
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

#if defined(KV_F16)
#extension GL_EXT_shader_16bit_storage : require
#define KV_ELEMS 8
#define KvElement float16_t
#elif defined(KV_F32)
#define KV_ELEMS 4
#define KvElement float
#else
#error "a variant of this shader is compiled with -D KV_F16 or -D KV_F32"
#endif

#define KV_VECTORS (KV_ELEMS / 4)

const uint PAGE_TOKENS = 32;

layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer BlockTable { uvec2 pages[]; };

// A page by the units that a shader reads or writes it in.
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer KvChunks { uvec4 chunks[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer KvPairs { uvec2 pairs[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer KvWords { uint words[]; };

// The first unit of a position's key in its page, where a layer begins at unit `layer` and a head's row has `row_units`.
uint key_at(uint layer, uint kv_head, uint token, uint row_units) {
    return layer + (kv_head * PAGE_TOKENS + token % PAGE_TOKENS) * row_units;
}

// From a key to its value, in the same units.
uint value_after(uint kv_heads, uint row_units) {
    return kv_heads * PAGE_TOKENS * row_units;
}

void kv_decode(uvec4 bits, out vec4 values[KV_VECTORS]) {
#if defined(KV_F16)
    values[0] = vec4(unpackHalf2x16(bits.x), unpackHalf2x16(bits.y));
    values[1] = vec4(unpackHalf2x16(bits.z), unpackHalf2x16(bits.w));
#else
    values[0] = uintBitsToFloat(bits);
#endif
}

#endif
