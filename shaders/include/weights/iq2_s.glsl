// IQ2_S: super-blocks of 256; each 8 weights are a vector of the codebook with eight signs; each 16 share a scale s of four bits:
// weight = d (s + 1/2) / 4 level. A chunk is 32 weights.
// Quants are two words a chunk: four bytes of indices, four bytes of signs; scales are five words per super-block: eight bytes of two s, eight
// bytes with the upper two bits of a chunk's indices, then d as float32.
#include "quads.glsl"
#include "codebook_iq2_s.glsl"
#include "codebook.glsl"
#include "levels_iq2.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 2
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 words; uint high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(lower_or_upper(w[(index) >> 1], (index) & 1u), \
    s[((index) >> 3) * 5 + 2 + (((index) & 7u) >> 2)] >> (8u * ((index) & 3u)), \
    w_scales(s[((index) >> 3) * 5 + (((index) & 7u) >> 2)] >> (8u * ((index) & 3u)), uintBitsToFloat(s[((index) >> 3) * 5 + 4])))

vec2[W_PARTS] w_scales(uint bits, float d) {
    return vec2[](vec2(d * (float(bits & 15u) + 0.5) * 0.25, 0.0), vec2(d * (float((bits >> 4) & 15u) + 0.5) * 0.25, 0.0));
}

uint w_quad(WRaw raw, uint i) {
    uint vector = i >> 1;
    uint index = ((raw.words.x >> (8u * vector)) & 255u) | (((raw.high >> (2u * vector)) & 3u) << 8);
    return quad_of_iq2(codebook_entry(index), raw.words.y >> (8u * vector), i & 1u);
}
