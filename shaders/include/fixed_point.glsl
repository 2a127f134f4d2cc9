// A vector for products with block formats: 16 bits an element and a scale for each block of 32, in two bytes (256 high + low), so that
// four weights are multiplied by one integer dot product for each byte. An element is rounded to 1/65 278 of the largest of its block,
// finer than float16 keeps the larger half of them; sums of a block are exact.
//
// Stored as columns / 4 words of high bytes, as many of low ones, then (scale, sum) for each block; the sum is of the fixed-point
// numbers, for formats whose weights have an offset. Whoever writes one defines FIXED_BINDING and calls fixed_store.
#ifndef FIXED_POINT_GLSL
#define FIXED_POINT_GLSL

const uint FIXED_BLOCK = 32;

#ifdef FIXED_BINDING
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

const float FIXED_MAX = 32639.0; // 256 * 127 + 127

layout(set = 0, binding = FIXED_BINDING) writeonly coherent buffer FixedWords { uint fixed_words[]; };
layout(set = 0, binding = FIXED_BINDING) writeonly coherent buffer FixedBlocks { uvec2 fixed_blocks[]; };

// Stores four elements, if they are there; by all invocations of a subgroup at once, of which eight neighbouring ones hold a block.
void fixed_store(uint columns, uint vector, vec4 value, bool is_there) {
    float largest = max(max(abs(value.x), abs(value.y)), max(abs(value.z), abs(value.w)));
    [[unroll]] for (uint step = 1; step < 8; step *= 2) largest = max(largest, subgroupShuffleXor(largest, step));
    ivec4 fixed_point = ivec4(roundEven(value * (largest > 0.0 ? FIXED_MAX / largest : 0.0)));
    int sum = fixed_point.x + fixed_point.y + fixed_point.z + fixed_point.w;
    [[unroll]] for (uint step = 1; step < 8; step *= 2) sum += subgroupShuffleXor(sum, step);
    if (!is_there) return;
    ivec4 high = (fixed_point + 128) >> 8;
    uvec4 h = uvec4(high) & 0xFFu;
    uvec4 l = uvec4(fixed_point - (high << 8)) & 0xFFu;
    fixed_words[vector] = h.x | h.y << 8 | h.z << 16 | h.w << 24;
    fixed_words[columns / 4 + vector] = l.x | l.y << 8 | l.z << 16 | l.w << 24;
    if (vector % 8 == 0) fixed_blocks[columns / 4 + vector / 8] = uvec2(floatBitsToUint(largest / FIXED_MAX), uint(sum));
}
#endif

#endif
