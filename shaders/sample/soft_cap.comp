#version 460
#extension GL_GOOGLE_include_directive : require
// x = cap * tanh(x / cap), in place: bounds the logits of Gemma 2 ("Gemma 2", section 2).
layout(local_size_x_id = 0) in;

#include "push/soft_cap.glsl"
#include "attention_scores.glsl"

layout(set = 0, binding = 0, std430) buffer Values { float x[]; };

void main() {
    for (uint i = gl_GlobalInvocationID.x; i < push.count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x) {
        x[i] = soft_cap(x[i], push.cap);
    }
}
