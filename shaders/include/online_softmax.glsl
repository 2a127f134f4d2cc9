// Online softmax (Milakov and Gimelshein, 2018): a running maximum and the sum of the exponentials relative to it, so that
// scores are seen once. Scores are in base 2: scaled by log2(e) beforehand.
#ifndef ONLINE_SOFTMAX_GLSL
#define ONLINE_SOFTMAX_GLSL

// Below every score, and finite: differences of two of them are not NaN.
const float NO_SCORE = -3.0e38;

struct OnlineSoftmax { float maximum; float sum; };

OnlineSoftmax softmax_empty() {
    return OnlineSoftmax(NO_SCORE, 0.0);
}

// Raises the maximum; returns the factor for everything that was accumulated relative to the old one.
float softmax_raise(inout OnlineSoftmax state, float score) {
    float maximum = max(state.maximum, score);
    float factor = exp2(state.maximum - maximum);
    state.maximum = maximum;
    state.sum *= factor;
    return factor;
}

// The weight of a score not above the maximum; adds it to the sum.
float softmax_weight(inout OnlineSoftmax state, float score) {
    float weight = exp2(score - state.maximum);
    state.sum += weight;
    return weight;
}

#endif
