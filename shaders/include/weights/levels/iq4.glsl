// The sixteen levels that nibbles of IQ4_NL and IQ4_XS stand for: -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113.
#ifndef LEVELS_IQ4_GLSL
#define LEVELS_IQ4_GLSL

// By selection among four words of four levels: an array indexed by data would lie in memory.
uint iq4_level(uint nibble) {
    uint lower = nibble < 4u ? 0xBFAD9881u : 0xF6EADDCFu;
    uint upper = nibble < 12u ? 0x26190D01u : 0x71594535u;
    return ((nibble < 8u ? lower : upper) >> (8u * (nibble & 3u))) & 255u;
}

// The levels of a quad of nibbles, as signed bytes.
uint quad_of_levels(uint nibbles) {
    return iq4_level(nibbles & 15u) | (iq4_level((nibbles >> 8) & 15u) << 8)
        | (iq4_level((nibbles >> 16) & 15u) << 16) | (iq4_level(nibbles >> 24) << 24);
}

#endif
