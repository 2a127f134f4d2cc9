#version 460
// y[i] = x[row of entry i]: the rows of a list, one after another.
#define ROW_LIST_BINDING 2
#define SEQUENCES_BINDING 3
#include "push/gather_rows.glsl"
#include "rows.glsl"

layout(local_size_x_id = 0) in;

layout(set = 0, binding = 0, std430) readonly buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) writeonly buffer Output { float y[]; };

void main() {
    const uint column = gl_GlobalInvocationID.x;
    const uint entry = gl_WorkGroupID.y;
    if (entry < row_count && column < push.width) y[entry * push.stride + column] = x[entries[entry].row * push.stride + column];
}
