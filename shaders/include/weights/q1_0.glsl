// Q1_0: blocks of 128 bits share one half-precision scale; a bit n stands for 2 n - 1. A chunk is 32 weights, a quarter of a 16-byte word.
// Quants are [rows][columns / 128] words; scales are [rows][columns / 128] halves, two to a word.
#include "quads.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 1
#define W_SIGNED 0
#define W_HAS_MINIMUM 0

struct WRaw { uint bits; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[(index) >> 2][(index) & 3u], \
    vec2[](vec2(lower_or_upper_half(s[(index) >> 3], ((index) >> 2) & 1u), 0.0)))

uint w_quad(WRaw raw, uint i) {
    return quad_of_bits(raw.bits, i) << 1;
}
