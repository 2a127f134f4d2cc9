// The levels 8, 25 and 43 that numbers 0 to 2 of IQ2's codebooks stand for; behind codebook.glsl.
#ifndef LEVELS_IQ2_GLSL
#define LEVELS_IQ2_GLSL

// The lower or upper four elements of a vector with their signs, as signed bytes.
uint quad_of_iq2(uint entry, uint signs, uint upper) {
    uint levels = quad_of_eight(upper != 0u ? entry >> 8 : entry);
    return quad_with_signs(0x08080808u + levels * 17u + ((levels >> 1) & 0x01010101u), upper != 0u ? signs >> 4 : signs);
}

#endif
