// Q4_0: blocks of 32 nibbles share one half-precision scale; a chunk is 16 bytes, one block. Byte j holds element j
// in its lower and element j + 16 in its upper nibble; a nibble n stands for n - 8.
// Quants are [rows][columns / 32] chunks; scales are [rows][columns / 32] halves, two to a word.
#extension GL_EXT_control_flow_attributes : require
#define W_ELEMS 32
#define W_QUANTIZED 1

struct WRaw { uvec4 bits; float scale; };

#define W_FETCH(w, s, index) WRaw(w[index], w_scale(s[(index) >> 1], (index) & 1u))

float w_scale(uint word, uint upper) {
    vec2 pair = unpackHalf2x16(word);
    return upper != 0u ? pair.y : pair.x;
}

// The lower nibbles of a word's four bytes, as values.
vec4 w_nibbles(uint word) {
    return vec4(ivec4(uvec4(word, word >> 8, word >> 16, word >> 24) & 15u) - 8);
}

void w_decode(WRaw raw, out float values[W_ELEMS]) {
    [[unroll]] for (int i = 0; i < 4; i++) {
        vec4 low = w_nibbles(raw.bits[i]) * raw.scale;
        vec4 high = w_nibbles(raw.bits[i] >> 4) * raw.scale;
        [[unroll]] for (int j = 0; j < 4; j++) {
            values[4 * i + j] = low[j];
            values[16 + 4 * i + j] = high[j];
        }
    }
}

float w_dot(WRaw raw, vec4 x[W_ELEMS / 4]) {
    float sum = 0.0;
    [[unroll]] for (int i = 0; i < 4; i++) {
        vec4 low = w_nibbles(raw.bits[i]);
        vec4 high = w_nibbles(raw.bits[i] >> 4);
        [[unroll]] for (int j = 0; j < 4; j++) {
            sum = fma(low[j], x[i][j], sum);
            sum = fma(high[j], x[4 + i][j], sum);
        }
    }
    return sum * raw.scale;
}

#ifdef INTEGER_DOT
// The chunk's product with the fixed-point numbers 256 high + low, whose sum over the block is given.
float w_dot_fixed(WRaw raw, uvec4 high[2], uvec4 low[2], int sum) {
    int high_sum = 0;
    int low_sum = 0;
    [[unroll]] for (int i = 0; i < 4; i++) {
        int first = int(raw.bits[i] & 0x0F0F0F0Fu);
        int second = int(raw.bits[i] >> 4 & 0x0F0F0F0Fu);
        high_sum += dotPacked4x8EXT(first, int(high[0][i])) + dotPacked4x8EXT(second, int(high[1][i]));
        low_sum += dotPacked4x8EXT(first, int(low[0][i])) + dotPacked4x8EXT(second, int(low[1][i]));
    }
    return float(high_sum * 256 + low_sum - 8 * sum) * raw.scale;
}
#endif
