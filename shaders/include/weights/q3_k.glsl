// Q3_K: super-blocks of 256 numbers n of three bits; each 16 share a scale s: weight = d s (n - 4). A chunk is 32 weights.
// Quants are six 16-byte words per super-block: four with the low two bits, two with the third; see byte_scales.glsl for
// the scales.
#include "quads.glsl"
#include "byte_scales.glsl"
#define W_ELEMS 32
#define W_SCALE uint
#define W_PARTS 2
#define W_ZERO 4
#define W_SIGNED 0
#define W_HAS_MINIMUM 0

struct WRaw { uvec2 pairs; uint high; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(lower_or_upper(w[((index) >> 3) * 6 + (((index) & 7u) >> 1)], (index) & 1u), \
    w[((index) >> 3) * 6 + 4 + (((index) & 7u) >> 2)][(index) & 3u], BYTE_SCALES(s, index))

uint w_quad(WRaw raw, uint i) {
    return quad_of_pairs(raw.pairs, i) | (quad_of_bits(raw.high, i) << 2);
}
