// NVFP4: each 16 numbers of E2M1 share a scale s of E4M3, and all of a tensor another, t: weight = s / 2 t level. A chunk is 32 weights.
// Quants are [rows][columns / 32] chunks of nibbles; scales are two words for two chunks: four bytes s, then t as float32.
#include "quads.glsl"
#include "levels/fp4.glsl"
#define W_ELEMS 32
#define W_SCALE uvec2
#define W_PARTS 2
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 nibbles; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], w_scales(s[(index) >> 1], 16u * ((index) & 1u)))

// The lower seven bits of a byte as E4M3, times 1024 / 2.
float w_e4m3(uint bits) {
    uint exponent = (bits >> 3) & 15u;
    uint mantissa = bits & 7u;
    return float(exponent == 0u ? mantissa : (8u + mantissa) << (exponent - 1u));
}

vec2[W_PARTS] w_scales(uvec2 words, uint shift) {
    uint bytes = words.x >> shift;
    float tensor = uintBitsToFloat(words.y) * (1.0 / 1024.0);
    return vec2[](vec2(w_e4m3(bytes) * tensor, 0.0), vec2(w_e4m3(bytes >> 8) * tensor, 0.0));
}

uint w_quad(WRaw raw, uint i) {
    return quad_of_levels(quad_of_nibbles(raw.nibbles, i));
}
