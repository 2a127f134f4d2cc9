#version 460
// Takes the plan of a step, as the host wrote it, to the rows that its kernels read: where the host does not know a row's token yet, token
// and position are those of its sequence's step state. The plan is whole lists one after another, whose heads are as long as a row.
#define SEQUENCES_BINDING 1
#include "push/resolve_rows.glsl"
#include "rows.glsl"

layout(local_size_x_id = 0) in;

// In the place of a token; RowEntry in C#.
const uint OF_STEP_STATE = 0xFFFFFFFFu;
const uint TOKEN_OF_STEP_STATE = 0xFFFFFFFEu;

layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer StepPlace { uint position; uint token; };
layout(set = 0, binding = 0, std430) readonly buffer Plan { Row planned[]; };
layout(set = 0, binding = 2, std430) writeonly buffer Resolved { Row resolved[]; };

void main() {
    const uint entry = gl_GlobalInvocationID.x;
    if (entry >= push.entries) return;
    Row next = planned[entry];
    if (next.value >= TOKEN_OF_STEP_STATE) {
        StepPlace place = StepPlace(sequences[next.sequence].step_state);
        if (next.value == OF_STEP_STATE) next.position = place.position;
        next.value = place.token;
    }
    resolved[entry] = next;
}
