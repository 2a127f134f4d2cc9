// Q8_0, as VkInfer.Formats' Q8_0Block encodes it.
#define QUANT_WORDS 2 // of 16 bytes, in a block

uint encode(float values[32], out uvec4 quants[QUANT_WORDS]) {
    float largest = 0.0;
    [[unroll]] for (uint i = 0; i < 32u; i++) largest = max(largest, abs(values[i]));
    quants = uvec4[](uvec4(0u), uvec4(0u));
    if (largest < SMALLEST) return 0u;
    float scale = exact_divide(largest, 127.0);
    float inverse = exact_divide(1.0, scale);
    [[unroll]] for (uint i = 0; i < 32u; i++) {
        quants[i / 16u][i / 4u % 4u] |= (uint(exact_round(values[i] * inverse)) & 0xFFu) << (8u * (i % 4u));
    }
    return exact_half(scale);
}
