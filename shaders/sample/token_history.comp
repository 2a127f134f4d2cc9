#version 460
#extension GL_GOOGLE_include_directive : require
// Counts the token just chosen, and no longer the one that left the window of penalties. One invocation for each choice.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "sample/choice.glsl"

void main() {
    if (gl_GlobalInvocationID.x != 0 || !has_choice()) return;
    Words counts = Words(choice.counts);
    counts.values[state.token_id]++;
    if (state.penalty_window == 0u) return;
    // The sampler has moved the state on: the position is the chosen token's.
    uint position = state.position;
    uint at = position % state.penalty_window;
    Words history = Words(choice.history);
    if (position >= state.penalty_window) counts.values[history.values[at]]--;
    history.values[at] = state.token_id;
}
