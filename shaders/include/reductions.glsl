// Sums and maxima over a workgroup, for any subgroup size: within subgroups first, then through shared memory in the
// subgroups' order, so that a result does not change from run to run. Every invocation of the workgroup must call
// them, and each returns the same value to all.
#ifndef REDUCTIONS_GLSL
#define REDUCTIONS_GLSL
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

// 1024 invocations in subgroups of 4.
const uint REDUCTION_MAX_SUBGROUPS = 256;

shared float reduction_partials[REDUCTION_MAX_SUBGROUPS];

void reduction_share(float partial) {
    barrier();
    if (subgroupElect()) reduction_partials[gl_SubgroupID] = partial;
    barrier();
}

float workgroup_sum(float value) {
    value = subgroupAdd(value);
    if (gl_NumSubgroups == 1) return value;
    reduction_share(value);
    float sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; i++) sum += reduction_partials[i];
    return sum;
}

float workgroup_max(float value) {
    value = subgroupMax(value);
    if (gl_NumSubgroups == 1) return value;
    reduction_share(value);
    float result = reduction_partials[0];
    for (uint i = 1; i < gl_NumSubgroups; i++) result = max(result, reduction_partials[i]);
    return result;
}

#endif
