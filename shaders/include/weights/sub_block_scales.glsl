// Scales of Q4_K and Q5_K, a 16-byte word per super-block of 256 weights: d and dmin as halves, the low four bits of eight
// scales, those of eight minima, then the upper two bits of the scales (lower half) and of the minima (upper half).
//   SUB_BLOCK_SCALES(s, index)  scale and minimum of chunk `index`, a sub-block of 32 weights
#ifndef SUB_BLOCK_SCALES_GLSL
#define SUB_BLOCK_SCALES_GLSL

#define SUB_BLOCK_SCALES(s, index) vec2[](sub_block_scale(s[(index) >> 3], (index) & 7u))

vec2 sub_block_scale(uvec4 words, uint sub_block) {
    uvec2 low = (words.yz >> (4u * sub_block)) & 15u;
    uvec2 high = (uvec2(words.w, words.w >> 16) >> (2u * sub_block)) & 3u;
    return unpackHalf2x16(words.x) * vec2(ivec2(low | (high << 4)));
}

#endif
