#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
// The gated delta rule (Yang et al. 2025, "Gated Delta Networks") over rows [q | k | v], one after another. For each value head, with a
// state S of [KEY_DIM][value dim], and q and k divided by their length:
//   S = exp(g) S;  d = b (v - S'k);  S = S + k d';  o = S'q / sqrt(KEY_DIM)
// where b = sigmoid(rate b), g = decay softplus(rate a + shift). One workgroup does neighbouring columns of one head's state (x) through
// one run of rows (y); state_columns.glsl says how a column lies in registers, so that 128 elements need not stand in one invocation.
// TILED: key head = value head % key heads; else value heads of one key head are neighbours. INTERLEAVED: rates are, for each key head,
// those b of its value heads, then those a; else all b, then all a.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint KEY_DIM = 1;
layout(constant_id = 2) const bool TILED = false;
layout(constant_id = 3) const bool INTERLEAVED = false;
layout(constant_id = 4) const bool ONE_ROW = false;
layout(constant_id = 5) const uint LANES = 1;

#define ROW_LIST_BINDING 5
#define SEQUENCES_BINDING 6
#define BLOCKS_BINDING 7
#include "push/gated_delta.glsl"
#include "recurrent_runs.glsl"
#include "chain.glsl"
#include "state_columns.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Input { float qkv[]; };
layout(set = 0, binding = 1, std430) readonly coherent buffer Rates { float rates[]; };
layout(set = 0, binding = 2, std430) readonly buffer Decay { float decay[]; }; // [value heads], below 0
layout(set = 0, binding = 3, std430) readonly buffer Shift { float shift[]; }; // [value heads]
layout(set = 0, binding = 4, std430) writeonly coherent buffer Output { float outputs[]; };

const float LEAST_SQUARES = 1.0e-6;

const uint OWN = (KEY_DIM + LANES - 1) / LANES; // elements of a column in a lane
const bool EVEN = KEY_DIM % LANES == 0; // so that no lane needs a mask for each of them

shared float query[2][OWN * LANES]; // one row is read while the next is written
shared float key[2][OWN * LANES];

void pass_run() {
    if (!take_run(gl_WorkGroupID.y)) return;
    const uint columns = gl_WorkGroupSize.x / LANES;
    const uint invocation = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
    const uint lane = invocation % LANES;
    const uint blocks = (push.valueDim + columns - 1) / columns;
    const uint head = gl_WorkGroupID.x / blocks;
    const uint column = gl_WorkGroupID.x % blocks * columns + invocation / LANES;
    const bool is_there = column < push.valueDim;
    const uint heads_per_key = push.valueHeads / push.keyHeads;
    const uint key_head = TILED ? head % push.keyHeads : head / heads_per_key;
    const uint rate_b = INTERLEAVED ? key_head * 2 * heads_per_key + head % heads_per_key : head;
    const uint rate_a = rate_b + (INTERLEAVED ? heads_per_key : push.valueHeads);

    const uint state_at = head * KEY_DIM * push.valueDim + column;
    float s[OWN];
    [[unroll]] for (uint j = 0; j < OWN; j++) {
        const uint i = j * LANES + lane;
        s[j] = is_there && (EVEN || i < KEY_DIM) ? STATE(state_at + i * push.valueDim) : 0.0;
    }
    chain_wait();
    for (uint t = 0; t < run.count; t++) {
        const uint from = (run.row + t) * push.inputStride;
        const uint rates_from = (run.row + t) * push.ratesStride + push.ratesAt;
        const uint half_at = t % 2;
        for (uint i = invocation; i < OWN * LANES; i += gl_WorkGroupSize.x) {
            query[half_at][i] = i < KEY_DIM ? qkv[from + key_head * KEY_DIM + i] : 0.0;
            key[half_at][i] = i < KEY_DIM ? qkv[from + (push.keyHeads + key_head) * KEY_DIM + i] : 0.0;
        }
        barrier();

        const float value = is_there ? qkv[from + 2 * push.keyHeads * KEY_DIM + head * push.valueDim + column] : 0.0;
        const float kept = exp(decay[head] * softplus(rates[rates_from + rate_a] + shift[head]));
        float query_squares = 0.0;
        float key_squares = 0.0;
        float known = 0.0;
        [[unroll]] for (uint j = 0; j < OWN; j++) {
            const float q = query[half_at][j * LANES + lane];
            const float k = key[half_at][j * LANES + lane];
            query_squares += q * q;
            key_squares += k * k;
            s[j] *= kept;
            known += s[j] * k;
        }
        const float key_scale = inversesqrt(sum_over_lanes(key_squares) + LEAST_SQUARES);
        const float change =
            key_scale * (value - key_scale * sum_over_lanes(known)) / (1.0 + exp(-rates[rates_from + rate_b]));
        float result = 0.0;
        [[unroll]] for (uint j = 0; j < OWN; j++) {
            s[j] += key[half_at][j * LANES + lane] * change;
            result += s[j] * query[half_at][j * LANES + lane];
        }
        const float query_scale = inversesqrt(sum_over_lanes(query_squares) + LEAST_SQUARES) * inversesqrt(float(KEY_DIM));
        result = query_scale * sum_over_lanes(result);
        if (is_there && lane == 0) outputs[(run.row + t) * push.outputStride + head * push.valueDim + column] = result;
    }
    [[unroll]] for (uint j = 0; j < OWN; j++) {
        const uint i = j * LANES + lane;
        if (is_there && (EVEN || i < KEY_DIM)) STATE(state_at + i * push.valueDim) = s[j];
    }
}

void main() {
    pass_run();
    chain_arrive();
}
