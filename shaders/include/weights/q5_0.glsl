// Q5_0: blocks of 32 numbers n of five bits share one half-precision scale; a chunk is one block; n stands for n - 16.
// Quants are [rows][columns / 32] chunks of the low four bits; scales are three words for two blocks: the fifth bits of
// either, then both scales.
#include "quads.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 16
#define W_SIGNED 0
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 nibbles; uint high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], s[((index) >> 1) * 3 + ((index) & 1u)], \
    vec2[](vec2(lower_or_upper_half(s[((index) >> 1) * 3 + 2], (index) & 1u), 0.0)))

uint w_quad(WRaw raw, uint i) {
    return quad_of_nibbles(raw.nibbles, i) | (quad_of_bits(raw.high, i) << 4);
}
