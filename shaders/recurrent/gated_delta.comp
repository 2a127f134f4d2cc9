#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// The gated delta rule (Yang et al. 2025, "Gated Delta Networks") over rows [q | k | v], one after another. For each value head, with a
// state S of [KEY_DIM][value dim], and q and k divided by their length:
//   S = exp(g) S;  d = b (v - S'k);  S = S + k d';  o = S'q / sqrt(KEY_DIM)
// where b = sigmoid(rate b), g = decay softplus(rate a + shift). One workgroup does neighbouring columns of one head's state (x) through
// one run of rows (y), an invocation a column, which it keeps in registers.
// TILED: key head = value head % key heads; else value heads of one key head are neighbours. INTERLEAVED: rates are, for each key head,
// those b of its value heads, then those a; else all b, then all a.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint KEY_DIM = 1;
layout(constant_id = 2) const bool TILED = false;
layout(constant_id = 3) const bool INTERLEAVED = false;
layout(constant_id = 4) const bool ONE_ROW = false;

#define ROW_LIST_BINDING 5
#define SEQUENCES_BINDING 6
#define BLOCKS_BINDING 7
#include "push/gated_delta.glsl"
#include "recurrent_runs.glsl"
#include "reductions.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Input { float qkv[]; };
layout(set = 0, binding = 1, std430) readonly buffer Rates { float rates[]; };
layout(set = 0, binding = 2, std430) readonly buffer Decay { float decay[]; }; // [value heads], below 0
layout(set = 0, binding = 3, std430) readonly buffer Shift { float shift[]; }; // [value heads]
layout(set = 0, binding = 4, std430) writeonly buffer Output { float outputs[]; };

const float LEAST_SQUARES = 1.0e-6;
const float LINEAR_FROM = 20.0; // softplus(x) = x to float32's last place, and exp(x) does not overflow

shared float query[KEY_DIM];
shared float key[KEY_DIM];

float softplus(float x) {
    return x > LINEAR_FROM ? x : log(1.0 + exp(x));
}

void main() {
    if (!take_run(gl_WorkGroupID.y)) return;
    const uint blocks = (push.valueDim + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    const uint head = gl_WorkGroupID.x / blocks;
    const uint column = gl_WorkGroupID.x % blocks * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
    const bool is_there = column < push.valueDim;
    const uint heads_per_key = push.valueHeads / push.keyHeads;
    const uint key_head = TILED ? head % push.keyHeads : head / heads_per_key;
    const uint rate_b = INTERLEAVED ? key_head * 2 * heads_per_key + head % heads_per_key : head;
    const uint rate_a = rate_b + (INTERLEAVED ? heads_per_key : push.valueHeads);

    const uint state_at = head * KEY_DIM * push.valueDim + column;
    float s[KEY_DIM];
    [[unroll]] for (uint i = 0; i < KEY_DIM; i++) s[i] = is_there ? STATE(state_at + i * push.valueDim) : 0.0;
    for (uint t = 0; t < run.count; t++) {
        const uint from = (run.row + t) * push.inputStride;
        const uint rates_from = (run.row + t) * push.ratesStride + push.ratesAt;
        float query_squares = 0.0;
        float key_squares = 0.0;
        barrier(); // the row before is done
        for (uint i = gl_LocalInvocationID.x; i < KEY_DIM; i += gl_WorkGroupSize.x) {
            query[i] = qkv[from + key_head * KEY_DIM + i];
            key[i] = qkv[from + (push.keyHeads + key_head) * KEY_DIM + i];
            query_squares += query[i] * query[i];
            key_squares += key[i] * key[i];
        }
        const float query_scale = inversesqrt(workgroup_sum(query_squares) + LEAST_SQUARES) * inversesqrt(float(KEY_DIM));
        const float key_scale = inversesqrt(workgroup_sum(key_squares) + LEAST_SQUARES);
        barrier();

        const float value = is_there ? qkv[from + 2 * push.keyHeads * KEY_DIM + head * push.valueDim + column] : 0.0;
        const float kept = exp(decay[head] * softplus(rates[rates_from + rate_a] + shift[head]));
        float known = 0.0;
        [[unroll]] for (uint i = 0; i < KEY_DIM; i++) {
            s[i] *= kept;
            known += s[i] * key[i];
        }
        const float change = key_scale * (value - key_scale * known) / (1.0 + exp(-rates[rates_from + rate_b]));
        float result = 0.0;
        [[unroll]] for (uint i = 0; i < KEY_DIM; i++) {
            s[i] += key[i] * change;
            result += s[i] * query[i];
        }
        if (is_there) outputs[(run.row + t) * push.outputStride + head * push.valueDim + column] = query_scale * result;
    }
    if (is_there) {
        [[unroll]] for (uint i = 0; i < KEY_DIM; i++) STATE(state_at + i * push.valueDim) = s[i];
    }
}
