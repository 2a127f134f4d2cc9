// IQ4_XS: super-blocks of 256 nibbles, each the number of a level; each 32, a chunk, share a scale s of six bits:
// weight = d (s - 32) level.
// Quants are [rows][columns / 32] chunks; scales are two words per super-block: d as a half and the upper two bits of eight
// scales, then their low four bits.
#include "quads.glsl"
#include "levels/iq4.glsl"
#define W_ELEMS 32
#define W_SCALE uvec2
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 nibbles; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], w_scales(s[(index) >> 3], (index) & 7u))

vec2[W_PARTS] w_scales(uvec2 words, uint sub_block) {
    uint low = (words.y >> (4u * sub_block)) & 15u;
    uint high = (words.x >> (16u + 2u * sub_block)) & 3u;
    return vec2[](vec2(unpackHalf2x16(words.x).x * float(int(low | (high << 4)) - 32), 0.0));
}

uint w_quad(WRaw raw, uint i) {
    return quad_of_levels(quad_of_nibbles(raw.nibbles, i));
}
