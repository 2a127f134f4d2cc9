// Q4_0, as VkInfer.Formats' Q4_0Block encodes it.
#define QUANT_WORDS 1 // of 16 bytes, in a block

uint encode(float values[32], out uvec4 quants[QUANT_WORDS]) {
    float largest = 0.0;
    [[unroll]] for (uint i = 0; i < 32u; i++) largest = abs(values[i]) > abs(largest) ? values[i] : largest;
    quants = uvec4[](uvec4(0x88888888u));
    if (abs(largest) < SMALLEST) return 0x8000u; // 0 / -8
    float scale = exact_divide(largest, -8.0);
    float inverse = exact_divide(1.0, scale);
    quants = uvec4[](uvec4(0u));
    [[unroll]] for (uint i = 0; i < 32u; i++) {
        precise float product = values[i] * inverse;
        precise float shifted = product + 8.5;
        quants[0][i / 4u % 4u] |= (uint(min(int(shifted), 15)) & 15u) << (8u * (i % 4u) + (i < 16u ? 0u : 4u));
    }
    return exact_half(scale);
}
