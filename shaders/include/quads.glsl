// Quants of a chunk of 32 weights, four at a time: quad i holds those of columns 4 i to 4 i + 3, one to a byte, the first
// in the lowest. Packed so that a quad is one shift and one mask away:
#ifndef QUADS_GLSL
#define QUADS_GLSL

// Four bits each: byte j of the 16 holds column j in its lower half and column j + 16 in its upper.
uint quad_of_nibbles(uvec4 bits, uint i) {
    return (bits[i & 3u] >> (i & 4u)) & 0x0F0F0F0Fu;
}

// Two bits each: quad i in word i / 4, from bit 2 (i mod 4) of every byte on.
uint quad_of_pairs(uvec2 bits, uint i) {
    return (bits[i >> 2] >> (2u * (i & 3u))) & 0x03030303u;
}

// One bit each: quad i in bit i of every byte.
uint quad_of_bits(uint bits, uint i) {
    return (bits >> i) & 0x01010101u;
}

uvec2 lower_or_upper(uvec4 words, uint upper) {
    return upper != 0u ? words.zw : words.xy;
}

float lower_or_upper_half(uint word, uint upper) {
    vec2 pair = unpackHalf2x16(word);
    return upper != 0u ? pair.y : pair.x;
}

#endif
