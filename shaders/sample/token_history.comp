#version 460
#extension GL_GOOGLE_include_directive : require
// Counts the token just chosen, and no longer the one that left the window of penalties. One invocation.
layout(local_size_x_id = 0) in;

#define STEP_STATE_BINDING 0
#include "step_state.glsl"
layout(set = 0, binding = 1, std430) buffer History { uint history[]; };
layout(set = 0, binding = 2, std430) buffer Counts { uint counts[]; };

void main() {
    // The sampler has moved the state on: the position is the chosen token's.
    uint position = state.position;
    if (gl_GlobalInvocationID.x != 0 || position >= history.length()) return;
    history[position] = state.token_id;
    counts[state.token_id]++;
    if (state.penalty_window != 0u && position >= state.penalty_window) counts[history[position - state.penalty_window]]--;
}
