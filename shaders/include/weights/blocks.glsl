// What the block formats share. A format's file defines, beside what weights.glsl lists,
//   W_PARTS        parts of a chunk that have a scale and a minimum each
//   W_ZERO         the quant that stands for zero
//   W_SIGNED       1 where quants are signed bytes; else they are unsigned
//   W_HAS_MINIMUM  1 where there are minima
//   WRaw           with a member vec2 scales[W_PARTS]: scale and minimum of each part
//   w_quad(raw, i) the quants of columns 4 i to 4 i + 3, one to a byte, the first in the lowest
// A weight is scale * (quant - W_ZERO) - minimum. Scales are products of a half and a small integer, and so are products
// of scale and quant but for Q6_K and IQ4_XS: exact in float32, so that a decoded weight is rounded once.
#extension GL_EXT_control_flow_attributes : require
#define W_QUADS (W_ELEMS / 4)
#define W_PART(i) ((i) * W_PARTS / W_QUADS)

vec4 w_quants(WRaw raw, uint i) {
    uint quad = w_quad(raw, i);
#if W_SIGNED
    int bytes = int(quad);
    return vec4(ivec4(bytes << 24, bytes << 16, bytes << 8, bytes) >> 24);
#else
    return vec4(ivec4(uvec4(quad, quad >> 8, quad >> 16, quad >> 24) & 255u) - W_ZERO);
#endif
}

void w_decode(WRaw raw, out float values[W_ELEMS]) {
    [[unroll]] for (uint i = 0; i < W_QUADS; i++) {
        vec2 scale = raw.scales[W_PART(i)];
        vec4 v = w_quants(raw, i) * scale.x;
#if W_HAS_MINIMUM
        v -= scale.y;
#endif
        [[unroll]] for (uint j = 0; j < 4; j++) values[4 * i + j] = v[j];
    }
}

float w_dot(WRaw raw, vec4 x[W_ELEMS / 4]) {
    float result = 0.0;
    [[unroll]] for (uint part = 0; part < W_PARTS; part++) {
        float products = 0.0;
        float ones = 0.0; // the same for every row: the compiler takes it out
        [[unroll]] for (uint i = part * W_QUADS / W_PARTS; i < (part + 1) * W_QUADS / W_PARTS; i++) {
            vec4 quants = w_quants(raw, i);
            [[unroll]] for (uint j = 0; j < 4; j++) products = fma(quants[j], x[i][j], products);
            ones += (x[i].x + x[i].y) + (x[i].z + x[i].w);
        }
        result = fma(products, raw.scales[part].x, result);
#if W_HAS_MINIMUM
        result = fma(ones, -raw.scales[part].y, result);
#endif
    }
    return result;
}

#ifdef INTEGER_DOT
// The sum of the fixed-point numbers that four words hold the bytes of.
int w_sum_fixed(uvec4 high, uvec4 low) {
    int result = 0;
    [[unroll]] for (uint i = 0; i < 4; i++) {
        result += 256 * dotPacked4x8EXT(int(high[i]), 0x01010101) + dotPacked4x8EXT(int(low[i]), 0x01010101);
    }
    return result;
}

// The chunk's product with the fixed-point numbers 256 high + low, whose sum over the block of 32 is given.
float w_dot_fixed(WRaw raw, uvec4 high[W_ELEMS / 16], uvec4 low[W_ELEMS / 16], int sum) {
    float result = 0.0;
    [[unroll]] for (uint part = 0; part < W_PARTS; part++) {
        int high_sum = 0;
        int low_sum = 0;
        [[unroll]] for (uint i = part * W_QUADS / W_PARTS; i < (part + 1) * W_QUADS / W_PARTS; i++) {
            int quad = int(w_quad(raw, i));
            high_sum += dotPacked4x8EXT(quad, int(high[i / 4][i % 4]));
            low_sum += dotPacked4x8EXT(quad, int(low[i / 4][i % 4]));
        }
        // The same for every row, as in w_dot. Formats that need it have chunks of 32.
        int ones = W_PARTS == 1 ? sum : w_sum_fixed(high[part], low[part]);
        result = fma(float(high_sum * 256 + low_sum - W_ZERO * ones), raw.scales[part].x, result);
#if W_HAS_MINIMUM
        result = fma(float(ones), -raw.scales[part].y, result);
#endif
    }
    return result;
}
#endif
