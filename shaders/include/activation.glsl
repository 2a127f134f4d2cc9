// The functions between the two halves of a feed-forward layer. Mirrors ActivationFunction in C#.
#ifndef ACTIVATION_GLSL
#define ACTIVATION_GLSL

const uint ACTIVATION_NONE = 0;
const uint ACTIVATION_SILU = 1;
const uint ACTIVATION_GELU = 2; // the tanh form, 0.5 x (1 + tanh(u)), written as x sigmoid(2 u), which cannot overflow
const uint ACTIVATION_RELU = 3;
const uint ACTIVATION_RELU_SQUARED = 5; // 4 is one of two halves: gated_activation.glsl
const uint ACTIVATION_GELU_ERF = 6;     // 0.5 x (1 + erf(x / sqrt(2)))

// erf(x) of x >= 0 to 2e-7 (Abramowitz and Stegun, 7.1.26).
float error_function(float x) {
    const float t = 1.0 / (1.0 + 0.3275911 * x);
    const float sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return 1.0 - sum * exp(-x * x);
}

float activate(uint function, float x) {
    if (function == ACTIVATION_SILU) return x / (1.0 + exp(-x));
    if (function == ACTIVATION_GELU) return x / (1.0 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
    if (function == ACTIVATION_RELU) return max(x, 0.0);
    if (function == ACTIVATION_RELU_SQUARED) return max(x, 0.0) * max(x, 0.0);
    if (function == ACTIVATION_GELU_ERF) return 0.5 * (x + abs(x) * error_function(abs(x) * 0.7071067811865476));
    return x;
}

#endif
