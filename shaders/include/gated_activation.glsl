// What a feed-forward layer with a gate has in its middle. Mirrors ActivationFunction in C#.
#ifndef GATED_ACTIVATION_GLSL
#define GATED_ACTIVATION_GLSL
#include "activation.glsl"

const uint ACTIVATION_CLAMPED_SWIGLU = 4;

// f(gate) * up; of gpt-oss both are bounded, the sigmoid is of 1.702 times the gate, and up is 1 more.
float gated(uint function, float gate, float up) {
    if (function != ACTIVATION_CLAMPED_SWIGLU) return activate(function, gate) * up;
    const float bounded = min(gate, 7.0);
    return bounded / (1.0 + exp(-1.702 * bounded)) * (clamp(up, -7.0, 7.0) + 1.0);
}

#endif
