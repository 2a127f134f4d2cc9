// The element type of the KV cache, by -D KV_F16 or -D KV_F32. Keys and values of a layer are [kv heads][capacity]
// [head dim] each.
//   KV_ELEMS            elements in one 16-byte load
//   KvElement           the type for stores of single elements
//   kv_decode(bits, out vec4 values[KV_VECTORS])  one 16-byte load as floats
#ifndef KV_CACHE_GLSL
#define KV_CACHE_GLSL

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

void kv_decode(uvec4 bits, out vec4 values[KV_VECTORS]) {
#if defined(KV_F16)
    values[0] = vec4(unpackHalf2x16(bits.x), unpackHalf2x16(bits.y));
    values[1] = vec4(unpackHalf2x16(bits.z), unpackHalf2x16(bits.w));
#else
    values[0] = uintBitsToFloat(bits);
#endif
}

#endif
