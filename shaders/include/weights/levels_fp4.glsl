// The sixteen numbers of E2M1, doubled so that they are whole: 0 1 2 3 4 6 8 12, then the same with a minus sign.
#ifndef LEVELS_FP4_GLSL
#define LEVELS_FP4_GLSL

// By selection among four words of four, as in levels_iq4.glsl.
uint fp4_level(uint nibble) {
    uint lower = nibble < 4u ? 0x03020100u : 0x0C080604u;
    uint upper = nibble < 12u ? 0xFDFEFF00u : 0xF4F8FAFCu;
    return ((nibble < 8u ? lower : upper) >> (8u * (nibble & 3u))) & 255u;
}

// The levels of a quad of nibbles, as signed bytes.
uint quad_of_fp4(uint nibbles) {
    return fp4_level(nibbles & 15u) | (fp4_level((nibbles >> 8) & 15u) << 8)
        | (fp4_level((nibbles >> 16) & 15u) << 16) | (fp4_level(nibbles >> 24) << 24);
}

#endif
