// Q4_K: super-blocks of 256 nibbles n; each 32, a chunk, share a scale s and a minimum m of six bits:
// weight = d s n - dmin m.
// Quants are [rows][columns / 32] chunks; see sub_block_scales.glsl for the scales.
#include "quads.glsl"
#include "sub_block_scales.glsl"
#define W_ELEMS 32
#define W_SCALE uvec4
#define W_PARTS 1
#define W_ZERO 0
#define W_SIGNED 0
#define W_HAS_MINIMUM 1

struct WRaw { uvec4 nibbles; vec2 scales[W_PARTS]; };

#define W_FETCH(w, s, index) WRaw(w[index], SUB_BLOCK_SCALES(s, index))

uint w_quad(WRaw raw, uint i) {
    return quad_of_nibbles(raw.nibbles, i);
}
