// Logits as the samplers compare them: of a row with one that is not finite the largest is +Inf, so that the maximum, which they take
// anyway, says so. -Inf excludes a token.
#ifndef USABLE_LOGIT_GLSL
#define USABLE_LOGIT_GLSL

#define NOT_FINITE uintBitsToFloat(0x7F800000u) // +Inf
#define EXCLUDED uintBitsToFloat(0xFF800000u)   // -Inf

// By its bits: a driver may assume that a float is never NaN.
float usable_logit(float logit) {
    uint bits = floatBitsToUint(logit);
    return (bits & 0x7F800000u) == 0x7F800000u && bits != 0xFF800000u ? NOT_FINITE : logit;
}

#endif
