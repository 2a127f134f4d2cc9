// IQ2_XS: super-blocks of 256; each 8 weights are a vector of the codebook with seven signs; each 16 share a scale s of four bits:
// weight = d (s + 1/2) / 4 level. A chunk is 32 weights.
// Quants are two words a chunk, 9 bits of index and 7 of signs for each vector; scales are three words per super-block: eight bytes of two s,
// then d as float32.
#include "quads.glsl"
#include "codebook_iq2_xs.glsl"
#include "codebook.glsl"
#include "levels_iq2.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 2
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 words; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(lower_or_upper(w[(index) >> 1], (index) & 1u), \
    w_scales(s[((index) >> 3) * 3 + (((index) & 7u) >> 2)] >> (8u * ((index) & 3u)), uintBitsToFloat(s[((index) >> 3) * 3 + 2])))

vec2[W_PARTS] w_scales(uint bits, float d) {
    return vec2[](vec2(d * (float(bits & 15u) + 0.5) * 0.25, 0.0), vec2(d * (float((bits >> 4) & 15u) + 0.5) * 0.25, 0.0));
}

uint w_quad(WRaw raw, uint i) {
    uint bits = (raw.words[i >> 2] >> (16u * ((i >> 1) & 1u))) & 0xFFFFu;
    return quad_of_iq2(codebook_entry(bits & 511u), even_signs(bits >> 9), i & 1u);
}
