#version 460
#extension GL_GOOGLE_include_directive : require
// Fills a matrix of a block format: any bits are valid quants, so these are seeded random words, and the scales, which set
// the deviation, are the same in every block.
layout(local_size_x_id = 0) in;

#include "push/random_blocks.glsl"
#include "random.glsl"

layout(set = 0, binding = 0, std430) writeonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Scales { uint S[]; };

void main() {
    uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint i = gl_GlobalInvocationID.x; i < push.words; i += step) {
        W[i] = uvec4(philox(uvec2(i, 0u), push.seed), philox(uvec2(i, 1u), push.seed));
    }

    uint scales[5] = uint[](push.scale0, push.scale1, push.scale2, push.scale3, push.scale4);
    for (uint i = gl_GlobalInvocationID.x; i < push.scaleWords; i += step) {
        uint at = i % push.period;
        bool random = (push.randomScales >> at & 1u) != 0u;
        S[i] = random ? philox(uvec2(i, 2u), push.seed).x : scales[at];
    }
}
