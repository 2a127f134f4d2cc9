// Q8_0: blocks of 32 signed bytes share one half-precision scale; a chunk is 16 bytes, half a block.
// Quants are [rows][columns] bytes; scales are [rows][columns / 32] halves, two to a word.
#extension GL_EXT_control_flow_attributes : require
#define W_ELEMS 16
#define W_QUANTIZED 1

struct WRaw { uvec4 bits; float scale; };

// Rows hold a multiple of four chunks, so a chunk's index in the matrix also finds its scale.
#define W_FETCH(w, s, index) WRaw(w[index], w_scale(s[(index) >> 2], ((index) >> 1) & 1u))

float w_scale(uint word, uint upper) {
    vec2 pair = unpackHalf2x16(word);
    return upper != 0u ? pair.y : pair.x;
}

vec4 w_signed_bytes(uint word) {
    int w = int(word);
    return vec4(ivec4(w << 24, w << 16, w << 8, w) >> 24);
}

void w_decode(WRaw raw, out float values[W_ELEMS]) {
    [[unroll]] for (int i = 0; i < 4; i++) {
        vec4 v = w_signed_bytes(raw.bits[i]) * raw.scale;
        [[unroll]] for (int j = 0; j < 4; j++) values[4 * i + j] = v[j];
    }
}

float w_dot(WRaw raw, vec4 x[W_ELEMS / 4]) {
    float sum = 0.0;
    [[unroll]] for (int i = 0; i < 4; i++) {
        vec4 v = w_signed_bytes(raw.bits[i]);
        [[unroll]] for (int j = 0; j < 4; j++) sum = fma(v[j], x[i][j], sum);
    }
    return sum * raw.scale;
}

#ifdef INTEGER_DOT
// The chunk's product with the fixed-point numbers 256 high + low, whose sum is not needed.
float w_dot_fixed(WRaw raw, uvec4 high[1], uvec4 low[1], int sum) {
    int high_sum = 0;
    int low_sum = 0;
    [[unroll]] for (int i = 0; i < 4; i++) {
        high_sum += dotPacked4x8EXT(int(raw.bits[i]), int(high[0][i]));
        low_sum += dotPacked4x8EXT(int(raw.bits[i]), int(low[0][i]));
    }
    return float(high_sum * 256 + low_sum) * raw.scale;
}
#endif
