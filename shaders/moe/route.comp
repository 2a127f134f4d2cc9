#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// The experts that each token goes to: those with the greatest scores, the earlier of two equal ones; and their weights. One workgroup
// per token. SCORE:
//   OF_CHOSEN  the router's logits; weights are the softmax of the chosen ones
//   SOFTMAX    the softmax over all experts; weights are the chosen ones' scores
//   SIGMOID    each logit's sigmoid; likewise
//   SPARSE_MIXER  the router's logits; the weight of one is its softmax among those that are close to it, without those chosen before
// BIASED: a bias of each expert is added to its score for the choice, and not for its weight. GROUPED: only experts of the best groups
// are chosen, a group being as good as its two best experts together. NORMALISED: weights are divided by their sum. All of them are
// multiplied by a factor at last; SCALED: and each by one of its expert. All invocations score, one subgroup chooses.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint EXPERTS = 1;
layout(constant_id = 2) const uint SCORE = 0; // RouterScore in C#
layout(constant_id = 3) const bool BIASED = false;
layout(constant_id = 4) const bool GROUPED = false;
layout(constant_id = 5) const bool NORMALISED = true;
layout(constant_id = 6) const bool SCALED = false;
layout(constant_id = 7) const uint LANES = 1; // of the subgroup that chooses, as many as the smallest has

#include "push/route.glsl"
#include "reductions.glsl"
#include "chain.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Logits { float logits[]; };
layout(set = 0, binding = 1, std430) writeonly coherent buffer Experts { uint chosen[]; }; // [SeqLen][used]
layout(set = 0, binding = 2, std430) writeonly coherent buffer Weights { float weights[]; };         // likewise
layout(set = 0, binding = 3, std430) readonly buffer Bias { float bias[]; };      // [experts]
layout(set = 0, binding = 4, std430) readonly buffer Scales { float scales[]; };  // [experts]

const uint OF_CHOSEN = 0;
const uint SOFTMAX = 1;
const uint SIGMOID = 2;
const uint SPARSE_MIXER = 3;
const float LOWEST = -3.0e38;
const float LEAST_SUM = 1.0e-20;

const uint OWN = (EXPERTS + LANES - 1) / LANES; // experts of a lane
const uint NO_KEY = 0;

shared float choices[EXPERTS]; // what experts are chosen by
shared uint picked[EXPERTS];   // the chosen ones, and their weights
shared float picked_weights[EXPERTS];

float all_greatest; // of the softmax over all
float all_sum;

// What an expert's weight is made of.
float score_of(float logit) {
    if (SCORE == SOFTMAX) return exp(logit - all_greatest) / all_sum;
    if (SCORE == SIGMOID) return 1.0 / (1.0 + exp(-logit));
    return logit;
}

void prepare_softmax(uint from) {
    float greatest = LOWEST;
    for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x) greatest = max(greatest, logits[from + e]);
    all_greatest = workgroup_max(greatest);
    float sum = 0.0;
    for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x) sum += exp(logits[from + e] - all_greatest);
    all_sum = workgroup_sum(sum);
}

// What chosen logits leave of a softmax: the sum of those that are close to the greatest. By one subgroup.
float mixer_weight(uint from, float greatest, float last, int last_index) {
    float sum = 0.0;
    for (uint e = gl_SubgroupInvocationID; e < EXPERTS; e += gl_SubgroupSize) {
        const float logit = logits[from + e];
        const bool left = choices[e] < last || (choices[e] == last && int(e) > last_index);
        if (left && greatest - logit <= 2.0 * push.jitter * max(abs(logit), greatest)) sum += exp(logit - greatest);
    }
    return 1.0 / subgroupAdd(sum);
}

// Numbers in the order of what experts are chosen by, which one instruction finds the greatest of; NO_KEY for what is no number.
uint key_of(float choice) {
    const uint bits = choice == 0.0 ? 0 : floatBitsToUint(choice); // -0 is 0
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return NO_KEY;
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

// The two best of a group together.
float group_score(uint group) {
    const uint size = EXPERTS / push.groups;
    float best = LOWEST;
    float second = LOWEST;
    for (uint e = group * size; e < (group + 1) * size; e++) {
        const float choice = choices[e];
        second = max(second, min(best, choice));
        best = max(best, choice);
    }
    return size > 1 ? best + second : best;
}

// Takes the experts of all but the best groups out of the choice. By one invocation: there are few groups.
void keep_best_groups() {
    const uint size = EXPERTS / push.groups;
    for (uint out_of = push.groups; out_of > push.groupsUsed; out_of--) {
        uint worst = 0;
        float lowest = -LOWEST;
        for (uint g = 0; g < push.groups; g++) {
            if (choices[g * size] <= LOWEST) continue; // out already
            const float score = group_score(g);
            if (score <= lowest) {
                lowest = score;
                worst = g;
            }
        }
        for (uint e = worst * size; e < (worst + 1) * size; e++) choices[e] = LOWEST;
    }
}

void choose() {
    const uint from = gl_WorkGroupID.x * push.stride;
    const uint to = gl_WorkGroupID.x * push.used;
    if (SCORE == SOFTMAX) prepare_softmax(from);
    for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x) {
        choices[e] = score_of(logits[from + e]) + (BIASED ? bias[e] : 0.0);
    }
    barrier();
    if (GROUPED) {
        if (gl_LocalInvocationID.x == 0) keep_best_groups();
        barrier();
    }

    if (gl_SubgroupID != 0) return;
    uint keys[OWN]; // of this lane's experts that are not chosen
    [[unroll]] for (uint j = 0; j < OWN; j++) {
        const uint e = j * LANES + gl_SubgroupInvocationID;
        keys[j] = gl_SubgroupInvocationID < LANES && e < EXPERTS ? key_of(choices[e]) : NO_KEY;
    }
    float last = -LOWEST;
    int last_index = -1;
    float greatest = 0.0;
    float sum = 0.0;
    for (uint i = 0; i < push.used; i++) {
        // The first expert that has the greatest key; the index stays inside where none has one.
        uint own = NO_KEY;
        uint own_index = EXPERTS - 1;
        [[unroll]] for (uint j = 0; j < OWN; j++) {
            if (keys[j] > own) {
                own = keys[j];
                own_index = j * LANES + gl_SubgroupInvocationID;
            }
        }
        const uint best = subgroupMax(own);
        const uint index = subgroupMin(own == best ? own_index : EXPERTS - 1);
        [[unroll]] for (uint j = 0; j < OWN; j++) {
            if (j * LANES + gl_SubgroupInvocationID == index) keys[j] = NO_KEY;
        }
        const float choice = choices[index];
        const float score = BIASED ? score_of(logits[from + index]) : choice;
        if (i == 0) greatest = score;
        const float weight = SCORE == OF_CHOSEN ? exp(score - greatest)
            : SCORE == SPARSE_MIXER ? mixer_weight(from, choice, last, last_index) : score;
        sum += weight;
        if (subgroupElect()) {
            picked[i] = index;
            picked_weights[i] = weight;
        }
        last = choice;
        last_index = int(index);
    }
    subgroupBarrier();
    const float divisor = NORMALISED || SCORE == OF_CHOSEN ? max(sum, LEAST_SUM) : 1.0;
    for (uint i = gl_SubgroupInvocationID; i < push.used; i += gl_SubgroupSize) {
        const uint index = picked[i];
        chosen[to + i] = index;
        weights[to + i] = picked_weights[i] * (SCALED ? scales[index] : 1.0) / divisor * push.scale;
    }
}

void main() {
    chain_wait();
    choose();
    chain_arrive();
}
