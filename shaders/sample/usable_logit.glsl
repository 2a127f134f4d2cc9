// Logits as the samplers compare them: finite, whatever the row has, since a compiler may reason as if there were no infinities and no
// NaN. What is out is below every other logit. A logit that is NaN or +Inf is above all of them, so that the maximum, which the samplers
// take anyway, says of a row that it has one. In memory they are infinities, which are told by their bits alone.
#ifndef USABLE_LOGIT_GLSL
#define USABLE_LOGIT_GLSL

const float NOT_FINITE = 3.4028234e38;
const float EXCLUDED = -3.4028234e38;
const float MOST_LOGIT = 3.4e38; // in size, of those that are finite

const uint POSITIVE_INFINITY = 0x7F800000u;
const uint NEGATIVE_INFINITY = 0xFF800000u;

float usable_logit(uint bits) {
    if ((bits & POSITIVE_INFINITY) == POSITIVE_INFINITY) return bits == NEGATIVE_INFINITY ? EXCLUDED : NOT_FINITE;
    return clamp(uintBitsToFloat(bits), -MOST_LOGIT, MOST_LOGIT);
}

// The same with NaN out.
float known_logit(uint bits) {
    return (bits & 0x7FFFFFFFu) > POSITIVE_INFINITY ? EXCLUDED : usable_logit(bits);
}

#endif
