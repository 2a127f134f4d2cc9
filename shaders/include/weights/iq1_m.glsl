// IQ1_M, and IQ1_S, which is packed so: super-blocks of 256; each 8 weights are a vector of the codebook, of -1, 0 and 1, all shifted by 1/8 up
// or down; each 16 share a scale s of three bits: weight = d (2 s + 1) / 8 (8 level ± 1). A chunk is 32 weights.
// Quants are three 16-byte words per super-block: four bytes of indices for each chunk, then two bytes for each with the upper three bits of
// four indices and, as a fourth, whether the shift is down; scales are two words per super-block: eight s in the lower 24 bits of either,
// and the lower or upper half of d, a half.
#include "quads.glsl"
#include "codebook_iq1.glsl"
#include "codebook.glsl"
#define W_ELEMS 32
#define W_SCALE uvec2
#define W_PARTS 2
#define W_ZERO 9
#define W_SIGNED 0
#define W_HAS_MINIMUM 0

struct WRaw { uint indices; uint high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[((index) >> 3) * 3 + (((index) & 7u) >> 2)][(index) & 3u], \
    w[((index) >> 3) * 3 + 2][((index) & 7u) >> 1] >> (16u * ((index) & 1u)), w_scales(s[(index) >> 3], (index) & 7u))

vec2[W_PARTS] w_scales(uvec2 words, uint chunk) {
    float d = unpackHalf2x16((words.x >> 24) | ((words.y >> 24) << 8)).x * 0.125;
    uint bits = (chunk < 4u ? words.x : words.y) >> (6u * (chunk & 3u));
    return vec2[](vec2(d * float(2u * (bits & 7u) + 1u), 0.0), vec2(d * float(2u * ((bits >> 3) & 7u) + 1u), 0.0));
}

uint w_quad(WRaw raw, uint i) {
    uint vector = i >> 1;
    uint high = raw.high >> (4u * vector);
    uint entry = codebook_entry(((raw.indices >> (8u * vector)) & 255u) | ((high & 7u) << 8));
    return (quad_of_eight((i & 1u) != 0u ? entry >> 8 : entry) << 3) + ((high & 8u) != 0u ? 0u : 0x02020202u);
}
