// A column of a head's state in the registers of LANES neighbouring invocations of a subgroup, each with every LANES-th element, and what
// the rates of such states go through. Before including: the constant LANES, a power of two, at most the smallest subgroup.
#ifndef STATE_COLUMNS_GLSL
#define STATE_COLUMNS_GLSL

const float LINEAR_FROM = 20.0; // softplus(x) = x to float32's last place, and exp(x) does not overflow

float softplus(float x) {
    return x > LINEAR_FROM ? x : log(1.0 + exp(x));
}

float sum_over_lanes(float value) {
    [[unroll]] for (uint stride = 1; stride < LANES; stride *= 2) value += subgroupShuffleXor(value, stride);
    return value;
}

#endif
