// Which rows a tile of a matrix product takes, and what becomes of its sums. GROUPED: the weights are the matrices of experts one behind
// another, and each row of A goes to some of them: a tile has pairs of a row and an expert, all of one expert (moe/group.comp), and C has
// a row for each pair. GATE: there are two rows of weights for a column of C, of gate and of up; all experts' gates come before all ups.
// BIAS, with GROUPED: each row of the weights has one, which is added to its product. FUNCTION, with GROUPED and without GATE: an
// activation of what that leaves. Before including: GROUPED, BIAS, GATE, FUNCTION and push/gemm.glsl.
#ifndef GEMM_GROUPS_GLSL
#define GEMM_GROUPS_GLSL
#include "gated_activation.glsl"

// Read where GROUPED alone.
layout(set = 0, binding = 4, std430) readonly buffer Tiles {
    uint tile_count;
    uint tile_padding[3];
    uvec4 group_tiles[]; // expert, first place in the order, the place behind the last
};
layout(set = 0, binding = 5, std430) readonly buffer Order { uint order[]; }; // pairs
layout(set = 0, binding = 6, std430) readonly buffer Biases { float bias[]; };

uint expert = 0;
uint first_m; // of the tile: a row, or a place in the order
uint end_m;   // behind the last that there is

// Takes the workgroup's tile; false where there are fewer: a recording serves any choice of experts.
bool take_tile(uint block_m) {
    if (GROUPED) {
        if (gl_WorkGroupID.x >= tile_count) return false;
        const uvec4 tile = group_tiles[gl_WorkGroupID.x];
        expert = tile.x;
        first_m = tile.y;
        end_m = tile.z;
    } else {
        first_m = gl_WorkGroupID.x * block_m;
        end_m = push.seqLen;
    }
    return true;
}

uint row_of_a(uint m) {
    return GROUPED ? order[m] / push.pairsPerRow : m;
}

uint row_of_c(uint m) {
    return GROUPED ? order[m] : m;
}

uint columns_of_c() {
    return GATE == 0 ? push.rows : push.rows / 2;
}

// The row of weights for a column of C; of the gate, where there is one.
uint row_of_gate(uint column) {
    return GROUPED ? expert * columns_of_c() + column : column;
}

uint row_of_up(uint column) {
    return (GROUPED ? push.experts + expert : 1) * columns_of_c() + column;
}

// An element of C from its sum, or those of gate and up.
float finished(uint column, float sum, float up) {
    if (BIAS) {
        sum += bias[row_of_gate(column)];
        if (GATE != 0) up += bias[row_of_up(column)];
    }
    return GATE != 0 ? gated(GATE, sum, up) : activate(FUNCTION, sum);
}

#endif
