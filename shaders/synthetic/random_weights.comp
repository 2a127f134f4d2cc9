#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Fills a matrix of a plain format with seeded random weights, uniform with a standard deviation near 0.02; padding is zero.
layout(local_size_x_id = 0) in;

#include "push/random_weights.glsl"
#include "random.glsl"

layout(set = 0, binding = 0, std430) writeonly buffer Quants { uvec4 W[]; };

#if defined(WEIGHTS_F32)
#define ELEMS 4u
#else
#define ELEMS 8u
#endif

// Uniform on ±0.0346, whose standard deviation is 0.02.
float weight(uint bits) {
    return (float(bits & 0xFFFFu) / 65535.0 - 0.5) * 0.0692;
}

uvec4 encode(uvec4 bits) {
#if defined(WEIGHTS_F32)
    return uvec4(floatBitsToUint(weight(bits.x)), floatBitsToUint(weight(bits.y)),
        floatBitsToUint(weight(bits.z)), floatBitsToUint(weight(bits.w)));
#elif defined(WEIGHTS_F16)
    uvec4 words;
    [[unroll]] for (int i = 0; i < 4; i++) words[i] = packHalf2x16(vec2(weight(bits[i]), weight(bits[i] >> 16)));
    return words;
#else
    uvec4 words;
    [[unroll]] for (int i = 0; i < 4; i++) {
        words[i] = (floatBitsToUint(weight(bits[i])) >> 16) | (floatBitsToUint(weight(bits[i] >> 16)) & 0xFFFF0000u);
    }
    return words;
#endif
}

void main() {
    uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint chunk = gl_GlobalInvocationID.x; chunk < push.chunks; chunk += step) {
        uvec2 a = philox(uvec2(chunk, 0u), push.seed);
        uvec2 b = philox(uvec2(chunk, 1u), push.seed);
        uvec4 words = encode(uvec4(a, b));
        uint column = chunk % push.chunksPerRow * ELEMS;
        [[unroll]] for (uint i = 0; i < 4; i++) {
            uint first = column + i * ELEMS / 4;
            if (first >= push.columns) words[i] = 0u;
#if !defined(WEIGHTS_F32) // the last word may be half padding
            else if (first + 1 >= push.columns) words[i] &= 0xFFFFu;
#endif
        }
        W[chunk] = words;
    }
}
