#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Sampling, last phase: draws a token. Temperature, then top-k, typical-p, top-p and min-p, then the inverse of the distribution
// function in the order of ids. For each choice one workgroup per slice of the vocabulary collects the candidates that sample_buckets
// left; the last workgroup filters them exactly and draws.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "random.glsl"
#include "reductions.glsl"
#include "sample/choice.glsl"
#define SCRATCH_BINDING 1
#include "sample/scratch.glsl"

// Token and logit, for each choice of this dispatch [vocabSize]: slices in any order, ids within a slice in theirs.
layout(set = 0, binding = 2, std430) coherent buffer Candidates { uvec2 all_candidates[]; };

#include "sample/distribution.glsl"
#include "sample/select.glsl"

const uint MAX_INVOCATIONS = 256;
shared uint prefix_sum[MAX_INVOCATIONS];
shared uint first_candidate;

bool is_candidate(float logit) {
    return mass(logit) != 0u && bucket_of(logit) <= scratch.last_bucket;
}

// Appends this slice's candidates, in the order of their ids: each invocation looks at consecutive tokens.
void collect() {
    uint lane = gl_LocalInvocationIndex;
    uint tokens = SLICE_SIZE / gl_WorkGroupSize.x;
    uint first = gl_WorkGroupID.x * SLICE_SIZE + lane * tokens;
    uint last = min(first + tokens, push.vocabSize);
    uint count = 0u;
    for (uint i = first; i < last; i++) {
        if (is_candidate(source_logit(i))) count++;
    }
    prefix_sum[lane] = count;
    for (uint step = 1; step < gl_WorkGroupSize.x; step <<= 1) {
        barrier();
        uint before = lane >= step ? prefix_sum[lane - step] : 0u;
        barrier();
        prefix_sum[lane] += before;
    }
    if (lane == gl_WorkGroupSize.x - 1) {
        first_candidate = atomicAdd(scratch.candidate_count, prefix_sum[lane]);
        scratch.slice_first[gl_WorkGroupID.x] = first_candidate;
        scratch.slice_count[gl_WorkGroupID.x] = prefix_sum[lane];
    }
    barrier();
    uint at = first_candidate + prefix_sum[lane] - count;
    for (uint i = first; i < last; i++) {
        float logit = source_logit(i);
        if (is_candidate(logit)) all_candidates[gl_WorkGroupID.y * push.vocabSize + at++] = uvec2(i, floatBitsToUint(logit));
    }
}

uint candidates;

float candidate_logit(uint i) {
    return uintBitsToFloat(all_candidates[gl_WorkGroupID.y * push.vocabSize + i].y);
}

// Orders floats as unsigned integers.
uint order(float logit) {
    uint bits = floatBitsToUint(logit);
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

// How near a token's information is to the mean of those that stay; nearer is larger. Source: Meister et al., "Locally typical
// sampling" (2022), whose entropy and surprisal are both larger by the same constant.
float expected;

uint typicality(float logit) {
    return ~floatBitsToUint(abs(information(logit) - expected));
}

// What a token needs so as not to be out.
uint least_order = 0u;
uint least_typicality = 0u;

bool stays(float logit) {
    return order(logit) >= least_order && (least_typicality == 0u || typicality(logit) >= least_typicality);
}

shared uvec2 wide_sums[MAX_INVOCATIONS];

uvec2 workgroup_add(uvec2 value) {
    wide_sums[gl_LocalInvocationIndex] = value;
    for (uint step = gl_WorkGroupSize.x / 2; step > 0; step >>= 1) {
        barrier();
        if (gl_LocalInvocationIndex < step) {
            wide_sums[gl_LocalInvocationIndex] = add(wide_sums[gl_LocalInvocationIndex], wide_sums[gl_LocalInvocationIndex + step]);
        }
    }
    barrier();
    uvec2 sum = wide_sums[0];
    barrier();
    return sum;
}

// The mass of the tokens that stay.
uvec2 total_mass() {
    uvec2 sum = uvec2(0u);
    for (uint i = gl_LocalInvocationIndex; i < candidates; i += gl_WorkGroupSize.x) {
        float logit = candidate_logit(i);
        if (stays(logit)) sum = add(sum, uvec2(mass(logit), 0u));
    }
    return workgroup_add(sum);
}

float to_float(uvec2 value) {
    return float(value.y) * 4294967296.0 + float(value.x);
}

// The mean information of the tokens that stay. Integers again, for candidates stand in any order: information in steps of 2^-16
// times mass; a product is at most e^-1 · 2^42, and a sum of 2^19 of them has 64 bits.
void expect() {
    uvec2 sum = uvec2(0u);
    for (uint i = gl_LocalInvocationIndex; i < candidates; i += gl_WorkGroupSize.x) {
        float logit = candidate_logit(i);
        if (!stays(logit)) continue;
        uint high, low;
        umulExtended(mass(logit), uint(information(logit) * 65536.0), high, low);
        sum = add(sum, uvec2(low, high));
    }
    expected = to_float(workgroup_add(sum)) / (65536.0 * to_float(total_mass()));
}

shared uint bucket_low[256];
shared uint bucket_high[256];
shared uint chosen_bucket;
shared bool everything;

// The least key of the tokens that stay next: those of the largest keys whose number (BY_COUNT) or mass reaches `wanted`. Byte by
// byte from the highest.
#define BY_COUNT 0
#define BY_MASS 1
#define BY_TYPICALITY 2
uint threshold(int by, uvec2 wanted) {
    uint prefix = 0u;
    if (gl_LocalInvocationIndex == 0) everything = false;
    for (int shift = 24; shift >= 0; shift -= 8) {
        barrier();
        for (uint i = gl_LocalInvocationIndex; i < 256; i += gl_WorkGroupSize.x) {
            bucket_low[i] = 0u;
            bucket_high[i] = 0u;
        }
        barrier();
        for (uint i = gl_LocalInvocationIndex; i < candidates; i += gl_WorkGroupSize.x) {
            float logit = candidate_logit(i);
            if (!stays(logit)) continue;
            uint key = by == BY_TYPICALITY ? typicality(logit) : order(logit);
            if (shift < 24 && (key >> (shift + 8)) != prefix) continue;
            uint m = by == BY_COUNT ? 1u : mass(logit);
            atomicAdd(bucket_low[(key >> shift) & 255u], low_half(m));
            atomicAdd(bucket_high[(key >> shift) & 255u], high_half(m));
        }
        barrier();
        if (gl_LocalInvocationIndex == 0) {
            uint bucket = 255;
            uvec2 here = join(bucket_low[bucket], bucket_high[bucket]);
            [[dont_unroll]] while (bucket > 0 && less(here, wanted)) {
                wanted = subtract(wanted, here);
                bucket--;
                here = join(bucket_low[bucket], bucket_high[bucket]);
            }
            // Fewer tokens than wanted: all stay.
            everything = everything || less(here, wanted);
            chosen_bucket = bucket;
        }
        barrier();
        prefix = (prefix << 8) | chosen_bucket;
    }
    return everything ? 0u : prefix;
}

// The mass that is wanted of a total: something, even where the fraction is next to nothing.
uvec2 wanted_mass(uvec2 total, float probability) {
    uvec2 wanted = scale(total, fraction_of(probability));
    return wanted == uvec2(0u) ? uvec2(1u, 0u) : wanted;
}

void filter_candidates() {
    uvec2 total = uvec2(scratch.total_low, scratch.total_high);
    if (state.top_k != 0u && state.top_k < push.vocabSize) {
        least_order = threshold(BY_COUNT, uvec2(state.top_k, 0u));
        total = total_mass();
    }
    if (state.typical_p < 1.0) {
        expect();
        least_typicality = threshold(BY_TYPICALITY, wanted_mass(total, state.typical_p));
        total = total_mass();
    }
    if (state.top_p < 1.0) least_order = max(least_order, threshold(BY_MASS, wanted_mass(total, state.top_p)));
}

shared uint slice_low[MAX_SLICES];
shared uint slice_high[MAX_SLICES];
shared uint drawn_slice;
shared uvec2 drawn_mass;

bool takes_part(float logit, uint least_mass) {
    return mass(logit) >= least_mass && stays(logit);
}

// Draws a slice by its mass; leaves what is left of the drawn mass.
void draw_slice(uint least_mass) {
    for (uint i = gl_LocalInvocationIndex; i < MAX_SLICES; i += gl_WorkGroupSize.x) {
        slice_low[i] = 0u;
        slice_high[i] = 0u;
    }
    barrier();
    for (uint i = gl_LocalInvocationIndex; i < candidates; i += gl_WorkGroupSize.x) {
        float logit = candidate_logit(i);
        if (!takes_part(logit, least_mass)) continue;
        uint slice = all_candidates[gl_WorkGroupID.y * push.vocabSize + i].x / SLICE_SIZE;
        atomicAdd(slice_low[slice], low_half(mass(logit)));
        atomicAdd(slice_high[slice], high_half(mass(logit)));
    }
    barrier();
    if (gl_LocalInvocationIndex == 0) {
        uvec2 total = uvec2(0u);
        [[dont_unroll]] for (uint i = 0; i < gl_NumWorkGroups.x; i++) total = add(total, join(slice_low[i], slice_high[i]));
        uvec2 random = philox(uvec2(state.step_index, state.seed_hi), state.seed_lo);
        uvec2 target = scale(total, random.x);
        uint slice = 0;
        [[dont_unroll]] for (; slice + 1 < gl_NumWorkGroups.x; slice++) {
            uvec2 here = join(slice_low[slice], slice_high[slice]);
            if (less(target, here)) break;
            target = subtract(target, here);
        }
        drawn_slice = slice;
        drawn_mass = target;
    }
    barrier();
}

void main() {
    if (!has_choice()) return;
    read_top();
    collect();
    if (!last_workgroup()) return;

    candidates = scratch.candidate_count;
    barrier();
    if (gl_LocalInvocationIndex == 0) scratch.candidate_count = 0u;
    if (!is_choice(top)) {
        if (gl_LocalInvocationIndex == 0) select_none(top);
        return;
    }

    filter_candidates();
    uint least_mass = max(1u, uint(ceil(state.min_p * 67108864.0)));
    draw_slice(least_mass);

    // Within the slice each invocation sums a block of consecutive ids: at most 32, so 32 bits are enough.
    uint count = scratch.slice_count[drawn_slice];
    uint block = (count + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    uint first = min(gl_LocalInvocationIndex * block, count);
    uint last = scratch.slice_first[drawn_slice] + min(first + block, count);
    first += scratch.slice_first[drawn_slice];
    uint sum = 0u;
    for (uint i = first; i < last; i++) {
        float logit = candidate_logit(i);
        if (takes_part(logit, least_mass)) sum += mass(logit);
    }
    prefix_sum[gl_LocalInvocationIndex] = sum;
    barrier();
    uvec2 target = drawn_mass;
    uint lane = 0;
    [[dont_unroll]] for (; lane + 1 < gl_WorkGroupSize.x; lane++) {
        if (less(target, uvec2(prefix_sum[lane], 0u))) break;
        target = subtract(target, uvec2(prefix_sum[lane], 0u));
    }
    if (gl_LocalInvocationIndex != lane) return;
    uint token = 0u;
    for (uint i = first; i < last; i++) {
        uint m = mass(candidate_logit(i));
        if (!takes_part(candidate_logit(i), least_mass)) continue;
        token = all_candidates[gl_WorkGroupID.y * push.vocabSize + i].x;
        if (less(target, uvec2(m, 0u))) break;
        target = subtract(target, uvec2(m, 0u));
    }
    select_token(token);
}
