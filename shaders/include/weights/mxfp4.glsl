// MXFP4: blocks of 32 numbers of E2M1 share an exponent e: weight = 2^(e - 128) level. A chunk is one block.
// Quants are [rows][columns / 32] chunks of nibbles; scales are [rows][columns / 32] bytes, four to a word.
#include "quads.glsl"
#include "levels/fp4.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 nibbles; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], w_scales((s[(index) >> 2] >> (8u * ((index) & 3u))) & 255u))

vec2[W_PARTS] w_scales(uint exponent) {
    return vec2[](vec2(uintBitsToFloat(exponent < 2u ? 0x00200000u << exponent : (exponent - 1u) << 23), 0.0));
}

uint w_quad(WRaw raw, uint i) {
    return quad_of_levels(quad_of_nibbles(raw.nibbles, i));
}
