// IQ4_NL: blocks of 32 nibbles, each the number of a level, share one half-precision scale; a chunk is one block.
// Quants are [rows][columns / 32] chunks; scales are [rows][columns / 32] halves, two to a word.
#include "quads.glsl"
#include "levels/iq4.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 nibbles; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], vec2[](vec2(lower_or_upper_half(s[(index) >> 1], (index) & 1u), 0.0)))

uint w_quad(WRaw raw, uint i) {
    return quad_of_levels(quad_of_nibbles(raw.nibbles, i));
}
