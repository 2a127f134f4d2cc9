// F16: a chunk is 8 IEEE halves, the lower half of each word first.
#extension GL_EXT_control_flow_attributes : require
#define W_ELEMS 8

struct WRaw { uvec4 bits; };

#define W_FETCH(w, s, index) WRaw(w[index])

void w_decode(WRaw raw, out float values[W_ELEMS]) {
    [[unroll]] for (int i = 0; i < 4; i++) {
        vec2 v = unpackHalf2x16(raw.bits[i]);
        values[2 * i] = v.x;
        values[2 * i + 1] = v.y;
    }
}

float w_dot(WRaw raw, vec4 x[W_ELEMS / 4]) {
    float sum = 0.0;
    [[unroll]] for (int i = 0; i < 4; i++) {
        vec2 v = unpackHalf2x16(raw.bits[i]);
        sum = fma(v.x, x[i / 2][2 * (i & 1)], sum);
        sum = fma(v.y, x[i / 2][2 * (i & 1) + 1], sum);
    }
    return sum;
}
