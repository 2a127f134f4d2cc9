#version 460
#extension GL_GOOGLE_include_directive : require
// Sampling, first phase: for each choice the largest logit of each slice of the vocabulary, one workgroup each.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "reductions.glsl"
#include "sample/choice.glsl"
#define SCRATCH_BINDING 1
#include "sample/scratch.glsl"

void main() {
    if (!has_choice()) return;
    uint last = min((gl_WorkGroupID.x + 1) * SLICE_SIZE, push.vocabSize);
    float largest = EXCLUDED;
    for (uint i = gl_WorkGroupID.x * SLICE_SIZE + gl_LocalInvocationIndex; i < last; i += gl_WorkGroupSize.x) {
        largest = max(largest, source_logit(i));
    }
    largest = workgroup_max(largest);
    if (gl_LocalInvocationIndex == 0) scratch.best_logit[gl_WorkGroupID.x] = largest;
}
