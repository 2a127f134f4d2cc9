#ifndef HALF_PAIR_GLSL
#define HALF_PAIR_GLSL

// Two float16 values in one uint, saturated: an activation beyond ±65504 must not become infinite.
uint half_pair(vec2 value) {
    return packHalf2x16(clamp(value, vec2(-65504.0), vec2(65504.0)));
}

#endif
