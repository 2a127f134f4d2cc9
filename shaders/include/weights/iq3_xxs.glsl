// IQ3_XXS: super-blocks of 256; each 4 weights are a vector of the codebook, each 8 have seven signs; each 32, a chunk, share a scale s of
// four bits: weight = d (s + 1/2) / 2 level.
// Quants are six 16-byte words per super-block: eight bytes of indices for each chunk, then for each a word of four times seven signs, and s;
// scales are a half per super-block, two to a word.
#include "quads.glsl"
#include "codebook_iq3_xxs.glsl"
#include "codebook.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 indices; uint signs; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) w_raw(lower_or_upper(w[((index) >> 3) * 6 + (((index) & 7u) >> 1)], (index) & 1u), \
    w[((index) >> 3) * 6 + 4 + (((index) & 7u) >> 2)][(index) & 3u], lower_or_upper_half(s[(index) >> 4], ((index) >> 3) & 1u))

WRaw w_raw(uvec2 indices, uint signs, float d) {
    return WRaw(indices, signs, vec2[](vec2(d * (float(signs >> 28) + 0.5) * 0.5, 0.0)));
}

uint w_quad(WRaw raw, uint i) {
    uint levels = quad_of_four(codebook_entry((raw.indices[i >> 2] >> (8u * (i & 3u))) & 255u));
    uint signs = even_signs((raw.signs >> (7u * (i >> 1))) & 127u);

    // 4 and eight for each step, but 62 for the last.
    uint last = levels & (levels >> 1) & (levels >> 2) & 0x01010101u;
    return quad_with_signs(0x04040404u + (levels << 3) + (last << 1), signs >> (4u * (i & 1u)));
}
