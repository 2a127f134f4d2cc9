// Q8_0: blocks of 32 signed bytes share one half-precision scale; a chunk is half a block.
// Quants are [rows][columns] bytes; scales are [rows][columns / 32] halves, two to a word.
#include "quads.glsl"
#define W_ELEMS 16
#define W_SCALE uint
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 1
#define W_HAS_MINIMUM 0

struct WRaw { uvec4 bytes; vec2 scales[W_PARTS]; };

// Rows hold a multiple of four chunks, so a chunk's index in the matrix also finds its scale.
#define W_FETCH(w, s, index) \
    WRaw(w[index], vec2[](vec2(lower_or_upper_half(s[(index) >> 2], ((index) >> 1) & 1u), 0.0)))

uint w_quad(WRaw raw, uint i) {
    return raw.bytes[i];
}
