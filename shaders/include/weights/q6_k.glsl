// Q6_K: super-blocks of 256 numbers n of six bits; each 16 share a scale s: weight = d s (n - 32). A chunk is 32 weights.
// Quants are three 16-byte words for two chunks: the low four bits of either, then the upper two bits of both; see
// byte_scales.glsl for the scales.
#include "quads.glsl"
#include "byte_scales.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 2
#define W_ZERO 32
#define W_SIGNED 0
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 nibbles; uvec2 high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[((index) >> 1) * 3 + ((index) & 1u)], \
    lower_or_upper(w[((index) >> 1) * 3 + 2], (index) & 1u), BYTE_SCALES(s, index))

uint w_quad(WRaw raw, uint i) {
    return quad_of_nibbles(raw.nibbles, i) | (quad_of_pairs(raw.high, i) << 4);
}
