// IQ3_S: super-blocks of 256; each 4 weights are a vector of the codebook with four signs; each 32, a chunk, share a scale s of four bits:
// weight = d (2 s + 1) level.
// Quants are six 16-byte words per super-block: eight bytes of indices for each chunk, then for each a word of signs; scales are a 16-byte word
// per super-block: eight bytes with the ninth bits of a chunk's indices, eight s, then d as float32.
#include "quads.glsl"
#include "codebook_iq3_s.glsl"
#include "codebook.glsl"
#define W_ELEMS 32
#define W_SCALE uvec4
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 indices; uint signs; uint high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) w_raw(lower_or_upper(w[((index) >> 3) * 6 + (((index) & 7u) >> 1)], (index) & 1u), \
    w[((index) >> 3) * 6 + 4 + (((index) & 7u) >> 2)][(index) & 3u], s[(index) >> 3], (index) & 7u)

WRaw w_raw(uvec2 indices, uint signs, uvec4 words, uint chunk) {
    float scale = uintBitsToFloat(words.w) * float(2u * ((words.z >> (4u * chunk)) & 15u) + 1u);
    return WRaw(indices, signs, (chunk < 4u ? words.x : words.y) >> (8u * (chunk & 3u)), vec2[](vec2(scale, 0.0)));
}

uint w_quad(WRaw raw, uint i) {
    uint index = ((raw.indices[i >> 2] >> (8u * (i & 3u))) & 255u) | (((raw.high >> i) & 1u) << 8);
    return quad_with_signs((quad_of_four(codebook_entry(index)) << 1) | 0x01010101u, raw.signs >> (4u * i));
}
