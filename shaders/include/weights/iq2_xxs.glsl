// IQ2_XXS: super-blocks of 256; each 8 weights are a vector of the codebook with seven signs; each 32, a chunk, share a scale s of four
// bits: weight = d (s + 1/2) / 4 level.
// Quants are two words a chunk: four bytes that index the codebook, then four times seven signs, and s; scales are a half per super-block,
// two to a word.
#include "quads.glsl"
#include "codebook_iq2_xxs.glsl"
#include "codebook.glsl"
#include "levels_iq2.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 words; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) w_raw(lower_or_upper(w[(index) >> 1], (index) & 1u), lower_or_upper_half(s[(index) >> 4], ((index) >> 3) & 1u))

WRaw w_raw(uvec2 words, float d) {
    return WRaw(words, vec2[](vec2(d * (float(words.y >> 28) + 0.5) * 0.25, 0.0)));
}

uint w_quad(WRaw raw, uint i) {
    uint vector = i >> 1;
    uint entry = codebook_entry((raw.words.x >> (8u * vector)) & 255u);
    return quad_of_iq2(entry, even_signs((raw.words.y >> (7u * vector)) & 127u), i & 1u);
}
