// Heads of a row [Q heads | K heads | V heads] of the QKV product as attention takes them: the bias is added, Q and K are RMS-normalised
// (QK_NORM: each head, Henry et al. 2020; all heads of a projection; each head behind its rotation; or each head, with V, which has no
// gain) and rotated (RoPE; Su et al. 2021).
// Before including: the constants SPLIT_HALF, BIAS and QK_NORM, the buffers qkv, rope, bias and gain, #define NUM_HEADS, NUM_KV_HEADS,
// HEAD_DIM, ROTARY_DIM and NORM_EPSILON.
#ifndef ROTATION_GLSL
#define ROTATION_GLSL
#include "reductions.glsl"

// Mirrors QkNormKind in C#.
const uint QK_NORM_NONE = 0;
const uint QK_NORM_EACH_HEAD = 1;
const uint QK_NORM_PROJECTION = 2;
const uint QK_NORM_ROTATED = 3;
const uint QK_NORM_AND_VALUE = 4;

float biased(uint row_at, uint head, uint element) {
    float value = qkv[row_at + head * HEAD_DIM + element];
    return BIAS ? value + bias[head * HEAD_DIM + element] : value;
}

// The factor of a head's norm; by all invocations of the workgroup. A rotation leaves it as it is.
float norm_scale(uint row_at, uint head) {
    if (QK_NORM == QK_NORM_NONE || (QK_NORM != QK_NORM_AND_VALUE && head >= NUM_HEADS + NUM_KV_HEADS)) return 1.0;
    const bool whole = QK_NORM == QK_NORM_PROJECTION;
    const uint first = whole ? (head < NUM_HEADS ? 0 : NUM_HEADS) : head;
    const uint width = whole ? (head < NUM_HEADS ? NUM_HEADS : NUM_KV_HEADS) * HEAD_DIM : HEAD_DIM;
    float squares = 0.0;
    for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x) {
        squares += biased(row_at, first, i) * biased(row_at, first, i);
    }
    return inversesqrt(workgroup_sum(squares) / float(width) + NORM_EPSILON);
}

float gain_of(uint head, uint element) {
    return gain[(QK_NORM == QK_NORM_PROJECTION ? head * HEAD_DIM : head < NUM_HEADS ? 0 : HEAD_DIM) + element];
}

float normed(uint row_at, uint head, uint element, float scale) {
    float value = biased(row_at, head, element);
    if (QK_NORM == QK_NORM_NONE) return value;
    return QK_NORM == QK_NORM_ROTATED ? value * scale : value * scale * gain_of(head, element);
}

float rotated(uint row_at, uint head, uint element, float scale, uint position) {
    float value = normed(row_at, head, element, scale);
    if (element < ROTARY_DIM) {
        uint pairs = ROTARY_DIM / 2;
        bool second = SPLIT_HALF ? element >= pairs : (element & 1) != 0;
        uint pair = SPLIT_HALF ? (second ? element - pairs : element) : element / 2;
        uint partner = SPLIT_HALF ? (second ? element - pairs : element + pairs) : element ^ 1;
        vec2 turn = rope[position * pairs + pair];
        float other = normed(row_at, head, partner, scale);
        value = second ? value * turn.x + other * turn.y : value * turn.x - other * turn.y;
    }
    return QK_NORM == QK_NORM_ROTATED ? value * gain_of(head, element) : value;
}

#endif
