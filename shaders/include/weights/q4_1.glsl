// Q4_1: blocks of 32 nibbles share a scale and a minimum, which is added; a chunk is one block.
// Quants are [rows][columns / 32] chunks; scales are [rows][columns / 32] words with two halves.
#include "quads.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 0
#define W_HAS_MINIMUM 1

struct WRaw { uvec4 nibbles; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], vec2[](unpackHalf2x16(s[index]) * vec2(1.0, -1.0)))

uint w_quad(WRaw raw, uint i) {
    return quad_of_nibbles(raw.nibbles, i);
}
