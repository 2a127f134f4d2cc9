// Heads of a row [Q heads | K heads | V heads] of the QKV product as attention takes them: the bias is added, the heads of Q and K are
// RMS-normalised (QK_NORM; Henry et al. 2020) and rotated (RoPE; Su et al. 2021). Before including: the constants SPLIT_HALF, BIAS and
// QK_NORM, the buffers qkv, rope, bias and gain, #define NUM_HEADS, NUM_KV_HEADS, HEAD_DIM, ROTARY_DIM and NORM_EPSILON.
#ifndef ROTATION_GLSL
#define ROTATION_GLSL
#include "reductions.glsl"

float biased(uint row_at, uint head, uint element) {
    float value = qkv[row_at + head * HEAD_DIM + element];
    return BIAS ? value + bias[head * HEAD_DIM + element] : value;
}

// The factor of a head's norm; by all invocations of the workgroup.
float norm_scale(uint row_at, uint head) {
    if (!QK_NORM || head >= NUM_HEADS + NUM_KV_HEADS) return 1.0;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationIndex; i < HEAD_DIM; i += gl_WorkGroupSize.x) {
        squares += biased(row_at, head, i) * biased(row_at, head, i);
    }
    return inversesqrt(workgroup_sum(squares) / float(HEAD_DIM) + NORM_EPSILON);
}

float normed(uint row_at, uint head, uint element, float scale) {
    float value = biased(row_at, head, element);
    return QK_NORM ? value * scale * gain[(head < NUM_HEADS ? 0 : HEAD_DIM) + element] : value;
}

float rotated(uint row_at, uint head, uint element, float scale, uint position) {
    float value = normed(row_at, head, element, scale);
    if (element >= ROTARY_DIM) return value;
    uint pairs = ROTARY_DIM / 2;
    bool second = SPLIT_HALF ? element >= pairs : (element & 1) != 0;
    uint pair = SPLIT_HALF ? (second ? element - pairs : element) : element / 2;
    uint partner = SPLIT_HALF ? (second ? element - pairs : element + pairs) : element ^ 1;
    vec2 turn = rope[position * pairs + pair];
    float other = normed(row_at, head, partner, scale);
    return second ? value * turn.x + other * turn.y : value * turn.x - other * turn.y;
}

#endif
