// The distribution that is drawn from, in integers: sums of them do not depend on the order of the invocations. A token's mass is
// round(2^26 · e^((logit − top) / temperature)), where `top` is the largest logit; tokens of mass 0 are out from the start.
#ifndef DISTRIBUTION_GLSL
#define DISTRIBUTION_GLSL

float top;
float temperature;

// Reads what sample_top left, and the temperature; every invocation must call it.
void read_top() {
    temperature = state.temperature;
    float largest = EXCLUDED;
    uint slices = (push.vocabSize + SLICE_SIZE - 1) / SLICE_SIZE;
    for (uint i = gl_LocalInvocationIndex; i < slices; i += gl_WorkGroupSize.x) largest = max(largest, scratch.best_logit[i]);
    top = workgroup_max(largest);
}

uint mass(float logit) {
    if (logit == top) return 1u << 26;
    // From -19 on the mass is 0, and nothing becomes infinite on its way there.
    return logit < top ? uint(roundEven(67108864.0 * exp(max((logit - top) / temperature, -40.0)))) : 0u;
}

// How much less likely than the likeliest token, in natural units.
float information(float logit) {
    return logit == top ? 0.0 : (top - logit) / temperature;
}

// A bucket of tokens about as likely, the likeliest first: e^-18.8 is less than half of 2^-26, the least mass.
uint bucket_of(float logit) {
    return min(uint(information(logit) * (float(BUCKETS) / 18.8)), BUCKETS - 1);
}

// Sums reach 2^26 · 2^19 tokens: 64 bits, as (low, high).
uvec2 add(uvec2 a, uvec2 b) {
    uint carry;
    uint low = uaddCarry(a.x, b.x, carry);
    return uvec2(low, a.y + b.y + carry);
}

uvec2 subtract(uvec2 a, uvec2 b) {
    uint borrow;
    uint low = usubBorrow(a.x, b.x, borrow);
    return uvec2(low, a.y - b.y - borrow);
}

bool less(uvec2 a, uvec2 b) {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// floor(a · fraction / 2^32)
uvec2 scale(uvec2 a, uint fraction) {
    uint high0, low0, high1, low1;
    umulExtended(a.x, fraction, high0, low0);
    umulExtended(a.y, fraction, high1, low1);
    return add(uvec2(low1, high1), uvec2(high0, 0u));
}

uint fraction_of(float probability) {
    return uint(probability * 4294967296.0);
}

// Masses are added in two halves of at most 2^13, so that a 32-bit sum of fewer than 2^19 of them cannot overflow.
uint low_half(uint m) { return m & 0x1FFFu; }
uint high_half(uint m) { return m >> 13; }

uvec2 join(uint low, uint high) {
    return add(uvec2(low, 0u), uvec2(high << 13, high >> 19));
}

#endif
