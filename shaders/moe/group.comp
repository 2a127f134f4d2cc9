#version 460
#extension GL_GOOGLE_include_directive : require
// Pairs of a token and an expert in the order of their experts, those of one expert in their own, and tiles of them with one expert each:
// what matrix products of experts go by (linear/gemm_groups.glsl). One workgroup per expert, each of which counts all pairs, so that one
// dispatch does it and nothing depends on who comes first.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint EXPERTS = 1;

#include "push/group.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Experts { uint chosen[]; };  // [pairs]
layout(set = 0, binding = 1, std430) writeonly buffer Order { uint order[]; };    // [pairs]
layout(set = 0, binding = 2, std430) writeonly buffer Tiles {
    uint tile_count;
    uint padding[3];
    uvec4 tiles[]; // expert, first place in the order, the place behind the last
};

const uint MOST_INVOCATIONS = 256;

shared uint counts[EXPERTS];
shared uint ends[MOST_INVOCATIONS]; // behind the expert's pairs in the share of each invocation
shared uint pairs_before;
shared uint tiles_before;

uint tiles_of(uint pairs) {
    return (pairs + push.tileRows - 1) / push.tileRows;
}

void main() {
    const uint id = gl_LocalInvocationID.x;
    const uint expert = gl_WorkGroupID.x;
    const uint share = (push.pairs + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    const uint first = min(id * share, push.pairs);
    const uint last = min(first + share, push.pairs);
    for (uint e = id; e < EXPERTS; e += gl_WorkGroupSize.x) counts[e] = 0;
    if (id == 0) {
        pairs_before = 0;
        tiles_before = 0;
    }
    barrier();

    uint own = 0;
    for (uint pair = first; pair < last; pair++) {
        const uint e = min(chosen[pair], EXPERTS - 1);
        atomicAdd(counts[e], 1);
        if (e == expert) own++;
    }
    ends[id] = own;
    barrier();

    for (uint e = id; e < expert; e += gl_WorkGroupSize.x) {
        atomicAdd(pairs_before, counts[e]);
        atomicAdd(tiles_before, tiles_of(counts[e]));
    }
    for (uint step = 1; step < gl_WorkGroupSize.x; step *= 2) {
        const uint before = id >= step ? ends[id - step] : 0;
        barrier();
        ends[id] += before;
        barrier();
    }
    barrier();

    uint to = pairs_before + ends[id] - own;
    for (uint pair = first; own > 0 && pair < last; pair++) {
        if (min(chosen[pair], EXPERTS - 1) == expert) order[to++] = pair;
    }
    const uint end = pairs_before + counts[expert];
    const uint count = tiles_of(counts[expert]);
    for (uint t = id; t < count; t += gl_WorkGroupSize.x) {
        const uint begin = pairs_before + t * push.tileRows;
        tiles[tiles_before + t] = uvec4(expert, begin, min(begin + push.tileRows, end), 0);
    }
    if (expert == EXPERTS - 1 && id == 0) tile_count = tiles_before + count;
}
