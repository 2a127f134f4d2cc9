// Q2_K: super-blocks of 256 numbers n of two bits; each 16 share a scale s and a minimum m of four bits:
// weight = d s n - dmin m. A chunk is 32 weights, half a 16-byte word.
// Quants are [rows][columns / 64] words; scales are five words per super-block: sixteen bytes with s in the lower and m in
// the upper half, then d and dmin as halves.
#include "quads.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 2
#define W_ZERO 0
#define W_SIGNED 0
#define W_HAS_MINIMUM 1

struct WRaw { uvec2 pairs; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(lower_or_upper(w[(index) >> 1], (index) & 1u), \
    w_scales(s[((index) >> 3) * 5 + (((index) & 7u) >> 1)] >> (16u * ((index) & 1u)), s[((index) >> 3) * 5 + 4]))

vec2[W_PARTS] w_scales(uint bytes, uint halves) {
    vec2 d = unpackHalf2x16(halves);
    return vec2[](d * vec2(bytes & 15u, (bytes >> 4) & 15u), d * vec2((bytes >> 8) & 15u, (bytes >> 12) & 15u));
}

uint w_quad(WRaw raw, uint i) {
    return quad_of_pairs(raw.pairs, i);
}
