#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// The most likely token; the lowest id among equals. For each choice one workgroup per slice of the vocabulary; the last one compares the
// slices.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "sample/choice.glsl"
#define SCRATCH_BINDING 1
#include "sample/scratch.glsl"
#include "sample/select.glsl"

const uint NONE = 0xFFFFFFFFu;

struct Best {
    float logit;
    uint token;
};

Best better(Best a, Best b) {
    return b.logit > a.logit || (b.logit == a.logit && b.token < a.token) ? b : a;
}

// 1024 invocations in subgroups of 4.
shared Best partials[256];

// The best of the workgroup, for its first invocation.
Best reduce(Best best) {
    float top = subgroupMax(best.logit);
    uint token = subgroupMin(best.logit == top ? best.token : NONE);
    barrier();
    if (subgroupElect()) partials[gl_SubgroupID] = Best(top, token);
    barrier();
    Best result = partials[0];
    for (uint i = 1; i < gl_NumSubgroups; i++) result = better(result, partials[i]);
    return result;
}

void main() {
    if (!has_choice()) return;
    const Best nothing = Best(EXCLUDED, NONE);
    Best best = nothing;
    uint last = min((gl_WorkGroupID.x + 1) * SLICE_SIZE, push.vocabSize);
    for (uint i = gl_WorkGroupID.x * SLICE_SIZE + gl_LocalInvocationIndex; i < last; i += gl_WorkGroupSize.x) {
        float logit = source_logit(i);
        if (logit > best.logit) best = Best(logit, i);
    }
    best = reduce(best);
    if (gl_LocalInvocationIndex == 0) {
        scratch.best_logit[gl_WorkGroupID.x] = best.logit;
        scratch.best_token[gl_WorkGroupID.x] = best.token;
    }
    if (!last_workgroup()) return;

    best = nothing;
    for (uint i = gl_LocalInvocationIndex; i < gl_NumWorkGroups.x; i += gl_WorkGroupSize.x) {
        best = better(best, Best(scratch.best_logit[i], scratch.best_token[i]));
    }
    best = reduce(best);
    if (gl_LocalInvocationIndex != 0) return;
    if (is_choice(best.logit)) select_token(best.token);
    else select_none(best.logit);
}
