// Weights as float16 pairs, for the matrix units; after weights.glsl and in shaders with float16 arithmetic.
//   w_decode_half(raw, out uint pairs[W_ELEMS / 2])  in the order of their columns, the first of a pair in the lower half
// A product with a float16 scale rounds once, as it would from float32.
#ifndef WEIGHTS_HALF_GLSL
#define WEIGHTS_HALF_GLSL
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require

#if defined(WEIGHTS_F16)
void w_decode_half(WRaw raw, out uint pairs[W_ELEMS / 2]) {
    [[unroll]] for (int i = 0; i < 4; i++) {
        pairs[i] = raw.bits[i];
    }
}
#elif W_QUANTIZED
// Bytes 0 and 1 of a word, plus 1024 - zero, times scale: a byte under the exponent 0x64 is 1024 + byte, exactly.
uint w_half_pair(uint bytes, float16_t zero, float16_t scale) {
    f16vec2 offset = unpackFloat2x16((bytes & 0xFFu) | ((bytes & 0xFF00u) << 8) | 0x64006400u);
    return packFloat2x16((offset - f16vec2(zero)) * scale);
}

void w_decode_half(WRaw raw, out uint pairs[W_ELEMS / 2]) {
    float16_t scale = float16_t(raw.scale);
    [[unroll]] for (int i = 0; i < 4; i++) {
#ifdef WEIGHTS_Q8_0
        uint bytes = raw.bits[i] ^ 0x80808080u; // signed to offset 128
        pairs[2 * i] = w_half_pair(bytes, float16_t(1024 + 128), scale);
        pairs[2 * i + 1] = w_half_pair(bytes >> 16, float16_t(1024 + 128), scale);
#else
        uint low = raw.bits[i] & 0x0F0F0F0Fu;
        uint high = (raw.bits[i] >> 4) & 0x0F0F0F0Fu;
        pairs[2 * i] = w_half_pair(low, float16_t(1024 + 8), scale);
        pairs[2 * i + 1] = w_half_pair(low >> 16, float16_t(1024 + 8), scale);
        pairs[8 + 2 * i] = w_half_pair(high, float16_t(1024 + 8), scale);
        pairs[8 + 2 * i + 1] = w_half_pair(high >> 16, float16_t(1024 + 8), scale);
#endif
    }
}
#else
#include "half_pair.glsl"

void w_decode_half(WRaw raw, out uint pairs[W_ELEMS / 2]) {
    float values[W_ELEMS];
    w_decode(raw, values);
    [[unroll]] for (int i = 0; i < W_ELEMS / 2; i++) {
        pairs[i] = half_pair(vec2(values[2 * i], values[2 * i + 1]));
    }
}
#endif

#endif
