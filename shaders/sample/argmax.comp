#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// The most likely token; the lowest id among equals. A NaN is never chosen. One workgroup.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Logits { float logits[]; };
#define STEP_STATE_BINDING 1
#define STEP_STATE_WRITABLE
#include "step_state.glsl"
layout(set = 0, binding = 2, std430) writeonly buffer Ring { uint ring[]; };
#include "sample/select.glsl"

const uint NONE = 0xFFFFFFFFu;

// 1024 invocations in subgroups of 4.
shared float best_logit[256];
shared uint best_token[256];

void main() {
    float best = uintBitsToFloat(0xFF800000u); // -Inf
    uint token = NONE;
    for (uint i = gl_LocalInvocationID.x; i < push.vocabSize; i += gl_WorkGroupSize.x) {
        if (logits[i] > best) { // false for NaN
            best = logits[i];
            token = i;
        }
    }
    float top = subgroupMax(best);
    token = subgroupMin(best == top ? token : NONE);
    if (subgroupElect()) {
        best_logit[gl_SubgroupID] = top;
        best_token[gl_SubgroupID] = token;
    }
    barrier();
    if (gl_LocalInvocationID.x != 0) return;
    for (uint i = 0; i < gl_NumSubgroups; i++) {
        if (best_logit[i] > top || (best_logit[i] == top && best_token[i] < token)) {
            top = best_logit[i];
            token = best_token[i];
        }
    }
    select_token(token == NONE ? 0u : token);
}
