// The sixteen numbers of E2M1, doubled so that they are whole: 0 1 2 3 4 6 8 12, then the same with a minus sign; four at a time, a number
// to a byte.
#ifndef LEVELS_FP4_GLSL
#define LEVELS_FP4_GLSL

// The levels of a quad of nibbles, signed bytes.
uint quad_of_levels(uint nibbles) {
    const uint ONES = 0x01010101u;
    const uint magnitude = nibbles & 0x07070707u;
    const uint halves = magnitude >> 1;
    // Numbers 4 to 7 stand for 0, 1, 2 and 5 more than they are.
    const uint upper = ((magnitude >> 2) & ONES) * 255u;
    const uint level = magnitude + (((magnitude & 0x03030303u) + 2u * (magnitude & halves & ONES)) & upper);
    // Zero has no sign, so that no byte carries into the next.
    const uint minus = (nibbles >> 3) & (magnitude | halves | (magnitude >> 2)) & ONES;
    return (level ^ (minus * 255u)) + minus;
}

#endif
