#version 460
#extension GL_GOOGLE_include_directive : require
// y[r] += table[first + r * step] over rows of [SeqLen, Width]: with step 0 the bias of a layer, with step 1 the learned
// embedding of consecutive positions. STEP_STATE: the one row's position is the decode step's, counted from first.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool STEP_STATE = false;

#define STEP_STATE_BINDING 2
#include "push/add_rows.glsl"
#include "step_state.glsl"

layout(set = 0, binding = 0, std430) buffer Output { float y[]; };
layout(set = 0, binding = 1, std430) readonly buffer Table { float table[]; };

void main() {
    uint column = gl_GlobalInvocationID.x;
    uint row = gl_WorkGroupID.y;
    uint from = push.firstRow + (STEP_STATE ? state.position : row * push.step);
    if (column < push.width && from < push.tableRows) {
        y[row * push.stride + column] += table[from * push.stride + column];
    }
}
