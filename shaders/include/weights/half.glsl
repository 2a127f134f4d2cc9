// Weights as float16 pairs, for the matrix units; after weights.glsl and in shaders with float16 arithmetic.
//   w_decode_half(raw, out uint pairs[W_ELEMS / 2])  in the order of their columns, the first of a pair in the lower half
// Scales and minima that are no halves (the K formats' and IQ4_XS's products) are rounded to one: 2^-12 relative, as the
// product is.
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
// Quants as bytes under the exponent 0x64 are 1024 + byte, exactly; signed ones are made unsigned first.
#if W_SIGNED
const uint W_HALF_BIAS = 0x80808080u;
const float16_t W_HALF_ZERO = float16_t(1024 + 128);
#else
const uint W_HALF_BIAS = 0u;
const float16_t W_HALF_ZERO = float16_t(1024 + W_ZERO);
#endif

// The weights of bytes 0 and 1 of a word.
uint w_half_pair(uint bytes, vec2 scale) {
    f16vec2 quants = unpackFloat2x16((bytes & 0xFFu) | ((bytes & 0xFF00u) << 8) | 0x64006400u) - f16vec2(W_HALF_ZERO);
#if W_HAS_MINIMUM
    return packFloat2x16(fma(quants, f16vec2(scale.x), f16vec2(-scale.y)));
#else
    return packFloat2x16(quants * f16vec2(scale.x));
#endif
}

void w_decode_half(WRaw raw, out uint pairs[W_ELEMS / 2]) {
    [[unroll]] for (uint i = 0; i < W_QUADS; i++) {
        uint bytes = w_quad(raw, i) ^ W_HALF_BIAS;
        pairs[2 * i] = w_half_pair(bytes, raw.scales[W_PART(i)]);
        pairs[2 * i + 1] = w_half_pair(bytes >> 16, raw.scales[W_PART(i)]);
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
