// F32: a chunk is 4 floats.
#define W_ELEMS 4

struct WRaw { uvec4 bits; };

#define W_FETCH(w, s, index) WRaw(w[index])

void w_decode(WRaw raw, out float values[W_ELEMS]) {
    vec4 v = uintBitsToFloat(raw.bits);
    values = float[](v.x, v.y, v.z, v.w);
}

float w_dot(WRaw raw, vec4 x[W_ELEMS / 4]) {
    return dot(uintBitsToFloat(raw.bits), x[0]);
}
