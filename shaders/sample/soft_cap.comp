#version 450
#extension GL_GOOGLE_include_directive : require
// x = cap * tanh(x / cap), in place: bounds the logits of Gemma 2 ("Gemma 2", section 2).
layout(local_size_x_id = 0) in;

#include "push/soft_cap.glsl"

layout(set = 0, binding = 0, std430) buffer Values { float x[]; };

void main() {
    for (uint i = gl_GlobalInvocationID.x; i < push.count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        // tanh in a form that ends at ±1; GLSL's may overflow inside.
        x[i] = push.cap - 2.0 * push.cap / (exp(2.0 * x[i] / push.cap) + 1.0);
    }
}
