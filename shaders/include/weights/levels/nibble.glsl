// Nibbles that stand for sixteen levels, signed bytes. Before including: #define LEVELS_0, LEVELS_4, LEVELS_8, LEVELS_12, a word of four
// levels each, from the lowest byte on.
#ifndef LEVELS_NIBBLE_GLSL
#define LEVELS_NIBBLE_GLSL

// By selection among four words: an array indexed by data would lie in memory.
uint nibble_level(uint nibble) {
    uint lower = nibble < 4u ? LEVELS_0 : LEVELS_4;
    uint upper = nibble < 12u ? LEVELS_8 : LEVELS_12;
    return ((nibble < 8u ? lower : upper) >> (8u * (nibble & 3u))) & 255u;
}

// The levels of a quad of nibbles.
uint quad_of_levels(uint nibbles) {
    return nibble_level(nibbles & 15u) | (nibble_level((nibbles >> 8) & 15u) << 8)
        | (nibble_level((nibbles >> 16) & 15u) << 16) | (nibble_level(nibbles >> 24) << 24);
}

#endif
