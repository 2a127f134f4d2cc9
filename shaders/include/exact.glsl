// float32 arithmetic with the one result that IEEE 754 allows. Vulkan lets a division err by 2.5 units in the last place and a
// conversion to half round either way; these are whole numbers throughout, so that a GPU's bits are the CPU's.
#ifndef EXACT_GLSL
#define EXACT_GLSL

// a / b to nearest, by long division; a, b and the quotient are normal numbers.
float exact_divide(float a, float b) {
    uint x = floatBitsToUint(a);
    uint y = floatBitsToUint(b);
    uint rest = (x & 0x7FFFFFu) | 0x800000u;
    uint divisor = (y & 0x7FFFFFu) | 0x800000u;
    uint exponent = (x >> 23 & 0xFFu) + 127u - (y >> 23 & 0xFFu);
    if (rest < divisor) {
        rest <<= 1;
        exponent--;
    }
    uint quotient = 0u;
    for (uint i = 0; i < 24u; i++) {
        bool one = rest >= divisor;
        quotient = quotient << 1 | uint(one);
        rest = (one ? rest - divisor : rest) << 1;
    }
    // There are no ties: no quotient of two numbers of 24 bits has exactly 25. The leading bit of 24 adds one to the exponent.
    quotient += uint(rest > divisor);
    return uintBitsToFloat(((x ^ y) & 0x80000000u) | (((exponent - 1u) << 23) + quotient));
}

// The bits of the nearest half, ties to even.
uint exact_half(float value) {
    uint bits = floatBitsToUint(value);
    uint sign = bits >> 16 & 0x8000u;
    uint size = bits & 0x7FFFFFFFu;
    if (size >= 0x47800000u) return sign | 0x7C00u; // from 65536 on
    if (size >= 0x38800000u) return sign | (size + 0xFFFu + (size >> 13 & 1u) - 0x38000000u) >> 13;
    uint shift = 126u - (size >> 23); // below 2^-14, in steps of 2^-24
    if (shift > 25u) return sign;
    uint mantissa = (size & 0x7FFFFFu) | 0x800000u;
    uint steps = mantissa >> shift;
    uint rest = mantissa & ((1u << shift) - 1u);
    uint middle = 1u << (shift - 1u);
    return sign | (steps + uint(rest > middle || (rest == middle && (steps & 1u) != 0u)));
}

// To nearest, ties away from zero.
int exact_round(float value) {
    float whole = trunc(value);
    return int(whole) + (abs(value - whole) >= 0.5 ? (value < 0.0 ? -1 : 1) : 0);
}

#endif
