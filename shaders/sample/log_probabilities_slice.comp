#version 460
#extension GL_GOOGLE_include_directive : require
// For each choice the likeliest tokens and the sum of exponentials of one slice of the vocabulary, one workgroup each. A NaN never counts.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "log_probabilities.glsl"
#include "reductions.glsl"
#include "sample/choice.glsl"

layout(set = 0, binding = 1, std430) writeonly buffer Slices { Slice slices[]; };

shared float left[SLICE_SIZE];

void main() {
    if (!has_choice()) return;
    uint own = choice_row() * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    uint first = gl_WorkGroupID.x * SLICE_SIZE;
    uint size = min(SLICE_SIZE, push.vocabSize - first);
    float largest = EXCLUDED;
    for (uint i = gl_LocalInvocationID.x; i < size; i += gl_WorkGroupSize.x) {
        left[i] = known_logit(Words(choice.logits).values[first + i]);
        largest = max(largest, left[i]);
    }
    largest = workgroup_max(largest);
    float sum = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < size; i += gl_WorkGroupSize.x) {
        if (left[i] > EXCLUDED) sum += left[i] == largest ? 1.0 : exp(left[i] - largest);
    }
    sum = workgroup_sum(sum);
    bool leader = gl_LocalInvocationID.x == 0;
    if (leader) {
        slices[own].largest = largest;
        slices[own].sum = sum;
    }
    for (uint rank = 0; rank < state.alternatives; rank++) {
        float best = EXCLUDED;
        float at = -float(SLICE_SIZE); // negated, so that the largest is the lowest index
        for (uint i = gl_LocalInvocationID.x; i < size; i += gl_WorkGroupSize.x) {
            if (left[i] > best) {
                best = left[i];
                at = -float(i);
            }
        }
        float top = workgroup_max(best);
        uint index = uint(-workgroup_max(best == top ? at : -float(SLICE_SIZE)));
        if (leader) {
            slices[own].tokens[rank] = index < size ? first + index : NO_TOKEN;
            slices[own].logits[rank] = top;
            if (index < size) left[index] = EXCLUDED;
        }
        barrier();
    }
}
