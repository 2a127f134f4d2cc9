// Q2_0, and TQ1_0 and TQ2_0, which are packed so: blocks of 64 numbers n of two bits share one half-precision scale; n stands for n - 1.
// A chunk is 32 weights, half a 16-byte word.
// Quants are [rows][columns / 64] words; scales are [rows][columns / 64] halves, two to a word.
#include "quads.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 1
#define W_SIGNED 0
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 pairs; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(lower_or_upper(w[(index) >> 1], (index) & 1u), \
    vec2[](vec2(lower_or_upper_half(s[(index) >> 2], ((index) >> 1) & 1u), 0.0)))

uint w_quad(WRaw raw, uint i) {
    return quad_of_pairs(raw.pairs, i);
}
