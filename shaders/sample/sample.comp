#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// Draws a token: temperature, then top-k, typical-p, top-p and min-p, then the inverse of the distribution function in the
// order of ids. One workgroup. All sums are of integers, so the result does not depend on the order of the invocations:
// a token's mass is round(2^26 · e^((logit − max) / temperature)), and tokens of mass 0 are out from the start.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "random.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Logits { float logits[]; };
#define STEP_STATE_BINDING 1
#define STEP_STATE_WRITABLE
#include "step_state.glsl"
layout(set = 0, binding = 2, std430) writeonly buffer Ring { uint ring[]; };
#include "sample/select.glsl"
#include "reductions.glsl"

// Sums reach 2^26 · 2^18 tokens: 64 bits, as (low, high).
uvec2 add(uvec2 a, uvec2 b) {
    uint carry;
    uint low = uaddCarry(a.x, b.x, carry);
    return uvec2(low, a.y + b.y + carry);
}

bool less(uvec2 a, uvec2 b) {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// floor(a · fraction / 2^32)
uvec2 scale(uvec2 a, uint fraction) {
    uint high0, low0, high1, low1;
    umulExtended(a.x, fraction, high0, low0);
    umulExtended(a.y, fraction, high1, low1);
    return add(uvec2(low1, high1), uvec2(high0, 0u));
}

float top; // the largest logit

uint mass(float logit) {
    // A NaN compares false and has mass 0; equality first, so that Inf − Inf never happens.
    if (logit == top) return 1u << 26;
    return logit < top ? uint(roundEven(67108864.0 * exp((logit - top) / state.temperature))) : 0u;
}

// Orders floats as unsigned integers.
uint order(float logit) {
    uint bits = floatBitsToUint(logit);
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

// Sums per bucket. Masses are added in two halves of 13 bits, so that a 32-bit sum of 2^18 of them cannot overflow.
shared uint bucket_count[256];
shared uint bucket_low[256];
shared uint bucket_high[256];
shared uint chosen_bucket;
shared uint count_left;
shared uvec2 mass_left;
shared bool everything;

// How near a token's information is to the expected one, of those that stay; nearer is larger. Source: Meister et al.,
// "Locally typical sampling" (2022). Both differ from (top − logit) / temperature by the same constant.
float expected;

float information(float logit) {
    return logit == top ? 0.0 : (top - logit) / state.temperature;
}

uint typicality(float logit) {
    return ~floatBitsToUint(abs(information(logit) - expected));
}

// What a token needs so as not to be out.
uint least_order = 0u;
uint least_typicality = 0u;

bool stays(float logit) {
    return order(logit) >= least_order && (least_typicality == 0u || typicality(logit) >= least_typicality);
}

// The least key of the tokens that stay next: those of the largest keys whose number (BY_COUNT) or mass reaches `wanted`.
// Byte by byte from the highest.
#define BY_COUNT 0
#define BY_MASS 1
#define BY_TYPICALITY 2
uint threshold(int by, uint wanted) {
    bool by_count = by == BY_COUNT;
    uint prefix = 0u;
    if (gl_LocalInvocationID.x == 0) {
        count_left = wanted;
        everything = false;
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
        barrier();
        for (uint i = gl_LocalInvocationID.x; i < 256; i += gl_WorkGroupSize.x) {
            bucket_count[i] = 0u;
            bucket_low[i] = 0u;
            bucket_high[i] = 0u;
        }
        barrier();
        for (uint i = gl_LocalInvocationID.x; i < push.vocabSize; i += gl_WorkGroupSize.x) {
            float logit = logits[i];
            uint m = mass(logit);
            if (m == 0u || !stays(logit)) continue;
            uint key = by == BY_TYPICALITY ? typicality(logit) : order(logit);
            if (shift < 24 && (key >> (shift + 8)) != prefix) continue;
            uint bucket = (key >> shift) & 255u;
            if (by_count) {
                atomicAdd(bucket_count[bucket], 1u);
            } else {
                atomicAdd(bucket_low[bucket], m & 0x1FFFu);
                atomicAdd(bucket_high[bucket], m >> 13);
            }
        }
        barrier();
        if (gl_LocalInvocationID.x == 0) {
            if (by_count) {
                uint left = count_left;
                int bucket = 255;
                while (bucket > 0 && bucket_count[bucket] < left) left -= bucket_count[bucket--];
                // Fewer tokens than wanted: all stay.
                everything = everything || bucket_count[bucket] < left;
                count_left = left;
                chosen_bucket = uint(bucket);
            } else {
                uvec2 total = uvec2(0u);
                [[dont_unroll]] for (int i = 0; i < 256; i++) {
                    total = add(total, add(uvec2(bucket_low[i], 0u), uvec2(bucket_high[i] << 13, bucket_high[i] >> 19)));
                }
                // The first byte sees all the mass there is: from it comes how much is wanted.
                uvec2 left = shift == 24 ? scale(total, wanted) : mass_left;
                if (left == uvec2(0u)) left = uvec2(1u, 0u);
                uvec2 seen = uvec2(0u);
                int bucket = 255;
                [[dont_unroll]] for (; bucket > 0; bucket--) {
                    uvec2 next = add(seen, add(uvec2(bucket_low[bucket], 0u), uvec2(bucket_high[bucket] << 13, bucket_high[bucket] >> 19)));
                    if (!less(next, left)) break;
                    seen = next;
                }
                // left − seen
                uint borrow;
                uint low = usubBorrow(left.x, seen.x, borrow);
                mass_left = uvec2(low, left.y - seen.y - borrow);
                chosen_bucket = uint(bucket);
            }
        }
        barrier();
        prefix = (prefix << 8) | chosen_bucket;
    }
    return everything ? 0u : prefix;
}

// The mean information of the tokens that stay. Sums in a fixed order: the same on every run.
void expect() {
    float sum = 0.0;
    float total = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < push.vocabSize; i += gl_WorkGroupSize.x) {
        float m = float(mass(logits[i]));
        if (m == 0.0 || !stays(logits[i])) continue;
        sum += m * information(logits[i]);
        total += m;
    }
    expected = workgroup_sum(sum) / workgroup_sum(total);
}

shared uvec2 block_mass[1024];
shared uvec2 drawn;
shared uint drawn_block;

void main() {
    float largest = uintBitsToFloat(0xFF800000u); // -Inf
    for (uint i = gl_LocalInvocationID.x; i < push.vocabSize; i += gl_WorkGroupSize.x) {
        if (logits[i] > largest) largest = logits[i]; // false for NaN
    }
    top = workgroup_max(largest);

    if (state.top_k != 0u && state.top_k < push.vocabSize) least_order = threshold(BY_COUNT, state.top_k);
    if (state.typical_p < 1.0) {
        expect();
        least_typicality = threshold(BY_TYPICALITY, uint(state.typical_p * 4294967296.0));
    }
    if (state.top_p < 1.0) least_order = max(least_order, threshold(BY_MASS, uint(state.top_p * 4294967296.0)));
    uint least_mass = max(1u, uint(ceil(state.min_p * 67108864.0)));

    // Each invocation sums a block of consecutive ids.
    uint block = (push.vocabSize + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    uint first = gl_LocalInvocationID.x * block;
    uint last = min(first + block, push.vocabSize);
    uvec2 sum = uvec2(0u);
    for (uint i = first; i < last; i++) {
        uint m = mass(logits[i]);
        if (m >= least_mass && stays(logits[i])) sum = add(sum, uvec2(m, 0u));
    }
    block_mass[gl_LocalInvocationID.x] = sum;
    barrier();

    if (gl_LocalInvocationID.x == 0) {
        uvec2 total = uvec2(0u);
        for (uint i = 0; i < gl_WorkGroupSize.x; i++) total = add(total, block_mass[i]);
        uvec2 random = philox(uvec2(state.step_index, state.seed_hi), state.seed_lo);
        uvec2 target = scale(total, random.x);
        uvec2 seen = uvec2(0u);
        uint i = 0;
        for (; i + 1 < gl_WorkGroupSize.x; i++) {
            uvec2 next = add(seen, block_mass[i]);
            if (less(target, next)) break;
            seen = next;
        }
        uint borrow;
        uint low = usubBorrow(target.x, seen.x, borrow);
        drawn = uvec2(low, target.y - seen.y - borrow);
        drawn_block = i;
    }
    barrier();

    if (gl_LocalInvocationID.x != drawn_block) return;
    uvec2 seen = uvec2(0u);
    uint token = 0u;
    for (uint i = first; i < last; i++) {
        uint m = mass(logits[i]);
        if (m < least_mass || !stays(logits[i])) continue;
        token = i;
        seen = add(seen, uvec2(m, 0u));
        if (less(drawn, seen)) break;
    }
    select_token(token);
}
