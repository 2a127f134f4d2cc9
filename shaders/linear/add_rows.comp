#version 460
#extension GL_GOOGLE_include_directive : require
// y[r] += table[first + p] over rows of [rows, Width]: p is 0 for the bias of a layer, or a position for its learned embedding, the
// row's (POSITIONS: 1) or that of a decode step (2).
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint POSITIONS = 0;

#define STEP_STATE_BINDING 2
#define ROW_LIST_BINDING 3
#define SEQUENCES_BINDING 4
#include "push/add_rows.glsl"
#include "rows.glsl"
#include "step_state.glsl"

layout(set = 0, binding = 0, std430) buffer Output { float y[]; };
layout(set = 0, binding = 1, std430) readonly buffer Table { float table[]; };

void main() {
    uint column = gl_GlobalInvocationID.x;
    uint to = gl_WorkGroupID.y;
    uint position = 0;
    if (POSITIONS == 1) {
        if (to >= row_count) return;
        to = entries[gl_WorkGroupID.y].row;
        position = entries[gl_WorkGroupID.y].position;
    } else if (POSITIONS == 2) {
        position = state.position;
    }
    uint from = push.firstRow + position;
    if (column < push.width && from < push.tableRows) {
        y[to * push.stride + column] += table[from * push.stride + column];
    }
}
