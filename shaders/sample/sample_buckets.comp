#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Sampling, second phase: how many tokens and how much mass each bucket of likelihood has, and from that a bucket beyond which
// no filter lets a token stay. For each choice one workgroup per slice of the vocabulary; the last one decides.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "reductions.glsl"
#include "sample/choice.glsl"
#define SCRATCH_BINDING 1
#include "sample/scratch.glsl"
#include "sample/distribution.glsl"

shared uint count[BUCKETS];
shared uint low[BUCKETS];
shared uint high[BUCKETS];

// The last bucket that may have a token that stays, and at least one that has: filters look at it exactly later.
uint last_bucket(uvec2 total) {
    uint bucket = 0;
    if (state.top_k != 0u && state.top_k < push.vocabSize) {
        uint seen = count[0];
        [[dont_unroll]] while (bucket < BUCKETS - 1 && seen < state.top_k) seen += count[++bucket];
    } else if (state.typical_p < 1.0) {
        // The most typical tokens may be unlikely ones.
        bucket = BUCKETS - 1;
    } else {
        uvec2 wanted = state.top_p < 1.0 ? scale(total, fraction_of(state.top_p)) : total;
        uvec2 seen = join(low[0], high[0]);
        [[dont_unroll]] while (bucket < BUCKETS - 1 && less(seen, wanted)) {
            bucket++;
            seen = add(seen, join(low[bucket], high[bucket]));
        }
        if (state.min_p > 0.0) bucket = min(bucket, uint(-log(state.min_p) * (float(BUCKETS) / 18.8)) + 1);
    }
    // One more: division is not exact, and need not be monotonic at a bucket's edge.
    return bucket + 1;
}

void main() {
    if (!has_choice()) return;
    read_top();
    for (uint i = gl_LocalInvocationIndex; i < BUCKETS; i += gl_WorkGroupSize.x) {
        count[i] = 0u;
        low[i] = 0u;
        high[i] = 0u;
    }
    barrier();
    uint last = min((gl_WorkGroupID.x + 1) * SLICE_SIZE, push.vocabSize);
    for (uint i = gl_WorkGroupID.x * SLICE_SIZE + gl_LocalInvocationIndex; i < last; i += gl_WorkGroupSize.x) {
        float logit = source_logit(i);
        uint m = mass(logit);
        if (m == 0u) continue;
        uint bucket = bucket_of(logit);
        atomicAdd(count[bucket], 1u);
        atomicAdd(low[bucket], low_half(m));
        atomicAdd(high[bucket], high_half(m));
    }
    barrier();
    for (uint i = gl_LocalInvocationIndex; i < BUCKETS; i += gl_WorkGroupSize.x) {
        if (count[i] == 0u) continue;
        atomicAdd(scratch.bucket_count[i], count[i]);
        atomicAdd(scratch.bucket_low[i], low[i]);
        atomicAdd(scratch.bucket_high[i], high[i]);
    }
    if (!last_workgroup()) return;

    for (uint i = gl_LocalInvocationIndex; i < BUCKETS; i += gl_WorkGroupSize.x) {
        count[i] = scratch.bucket_count[i];
        low[i] = scratch.bucket_low[i];
        high[i] = scratch.bucket_high[i];
        scratch.bucket_count[i] = 0u;
        scratch.bucket_low[i] = 0u;
        scratch.bucket_high[i] = 0u;
    }
    barrier();
    if (gl_LocalInvocationIndex != 0) return;
    uvec2 total = uvec2(0u);
    [[dont_unroll]] for (uint i = 0; i < BUCKETS; i++) total = add(total, join(low[i], high[i]));
    scratch.total_low = total.x;
    scratch.total_high = total.y;
    scratch.last_bucket = last_bucket(total);
}
