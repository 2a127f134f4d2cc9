// How a softmax is accumulated while the scores come in blocks; SoftmaxScheme in C#. A frame is what is subtracted from the
// scores before exp(): any is right, since softmax(x) = exp(x - frame) / sum(exp(x - frame)), if nothing leaves float's range.
#ifndef SOFTMAX_SCHEME_GLSL
#define SOFTMAX_SCHEME_GLSL
#include "attention_scores.glsl"

// One frame for all, known beforehand: nothing is exchanged and nothing rescaled (FlashDecoding++, Hong et al. 2024).
const uint ASYNCHRONIZED = 0;
// The maximum so far is the frame: what was accumulated is rescaled as it grows (Milakov and Gimelshein, 2018).
const uint SYNCHRONIZED = 1;
// The frame follows the maximum only when that is RESCALE_THRESHOLD above it (FlashAttention-4).
const uint CONDITIONAL_RESCALE = 2;

// 8 · ln 2: weights stay below 2^8.
const float RESCALE_THRESHOLD = 5.545177444479562;

// Below every score, and finite: differences of two of them are not NaN.
const float NO_SCORE = -3.4028234e38;

// exp(score - frame). The difference comes first: scores near float's limit must not overflow on their way to base 2.
float softmax_weight(float score, float frame) {
    return exp2((score - frame) * LOG2_E);
}

// The frame after a block whose greatest score is `highest`.
float next_frame(uint scheme, float frame, float highest) {
    if (scheme == CONDITIONAL_RESCALE && !(highest > frame + RESCALE_THRESHOLD)) return frame;
    return max(frame, highest);
}

// By its bits: a compiler may reason as if there were no NaN.
bool is_finite(float x) {
    return (floatBitsToUint(x) & 0x7F800000u) != 0x7F800000u;
}

// The guard of the asynchronized scheme.
bool is_outside(float score, float lower, float upper) {
    return !(is_finite(score) && score > lower && score < upper);
}

#endif
