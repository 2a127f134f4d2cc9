// Q5_K: super-blocks of 256 numbers n of five bits; each 32, a chunk, share a scale s and a minimum m of six bits:
// weight = d s n - dmin m.
// Quants are ten 16-byte words per super-block: eight chunks of the low four bits, then a 4-byte word of fifth bits for
// each; see sub_block_scales.glsl for the scales.
#include "quads.glsl"
#include "sub_block_scales.glsl"
#define W_ELEMS 32
#define W_SCALE uvec4
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 0
#define W_HAS_MINIMUM 1

struct WRaw { uvec4 nibbles; uint high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[((index) >> 3) * 10 + ((index) & 7u)], \
    w[((index) >> 3) * 10 + 8 + (((index) & 7u) >> 2)][(index) & 3u], SUB_BLOCK_SCALES(s, index))

uint w_quad(WRaw raw, uint i) {
    return quad_of_nibbles(raw.nibbles, i) | (quad_of_bits(raw.high, i) << 4);
}
