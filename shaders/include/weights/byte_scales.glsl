// Scales of Q3_K and Q6_K, five words per super-block of 256 weights: a signed byte for each 16, then a float32 d.
//   BYTE_SCALES(s, index)  scale and minimum (none) of both halves of chunk `index`
#ifndef BYTE_SCALES_GLSL
#define BYTE_SCALES_GLSL

#define BYTE_SCALES(s, index) byte_scales( \
    s[((index) >> 3) * 5 + (((index) & 7u) >> 1)] >> (16u * ((index) & 1u)), uintBitsToFloat(s[((index) >> 3) * 5 + 4]))

vec2[2] byte_scales(uint bytes, float d) {
    ivec2 scales = ivec2(int(bytes) << 24, int(bytes) << 16) >> 24;
    return vec2[](vec2(d * float(scales.x), 0.0), vec2(d * float(scales.y), 0.0));
}

#endif
