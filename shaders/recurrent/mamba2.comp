#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
// The state space of Mamba-2 (Dao and Gu 2024, "Transformers are SSMs") over rows [x | B | C], one after another. For each head, with a
// state S of [STATE_DIM][head dim]:
//   S = exp(a t) S + B (t x)';  y = S'C + d x
// where t = softplus(rate + shift) within bounds, and a < 0 is the head's decay. Neighbouring heads are a group, which shares B and C. One
// workgroup does neighbouring columns of one head's state (x) through one run of rows (y); state_columns.glsl says how a column lies in
// registers.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint STATE_DIM = 1;
layout(constant_id = 2) const bool ONE_ROW = false;
layout(constant_id = 3) const uint LANES = 1;

#define ROW_LIST_BINDING 6
#define SEQUENCES_BINDING 7
#define BLOCKS_BINDING 8
#include "push/mamba2.glsl"
#include "recurrent_runs.glsl"
#include "chain.glsl"
#include "state_columns.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Input { float xbc[]; };
layout(set = 0, binding = 1, std430) readonly coherent buffer Rates { float rates[]; };
layout(set = 0, binding = 2, std430) readonly buffer Decay { float decay[]; }; // [heads], below 0
layout(set = 0, binding = 3, std430) readonly buffer Shift { float shift[]; }; // [heads]
layout(set = 0, binding = 4, std430) readonly buffer Skip { float skip[]; };   // [heads]
layout(set = 0, binding = 5, std430) writeonly coherent buffer Output { float outputs[]; };

const uint OWN = (STATE_DIM + LANES - 1) / LANES; // elements of a column in a lane
const bool EVEN = STATE_DIM % LANES == 0; // so that no lane needs a mask for each of them

shared float b[2][OWN * LANES]; // one row is read while the next is written
shared float c[2][OWN * LANES];

void pass_run() {
    if (!take_run(gl_WorkGroupID.y)) return;
    const uint columns = gl_WorkGroupSize.x / LANES;
    const uint invocation = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
    const uint lane = invocation % LANES;
    const uint blocks = (push.headDim + columns - 1) / columns;
    const uint head = gl_WorkGroupID.x / blocks;
    const uint column = gl_WorkGroupID.x % blocks * columns + invocation / LANES;
    const bool is_there = column < push.headDim;
    const uint b_at = push.heads * push.headDim + head / (push.heads / push.groups) * STATE_DIM;
    const uint c_at = b_at + push.groups * STATE_DIM;

    const uint state_at = head * STATE_DIM * push.headDim + column;
    float s[OWN];
    [[unroll]] for (uint j = 0; j < OWN; j++) {
        const uint i = j * LANES + lane;
        s[j] = is_there && (EVEN || i < STATE_DIM) ? STATE(state_at + i * push.headDim) : 0.0;
    }
    chain_wait();
    for (uint t = 0; t < run.count; t++) {
        const uint from = (run.row + t) * push.inputStride;
        const uint half_at = t % 2;
        for (uint i = invocation; i < OWN * LANES; i += gl_WorkGroupSize.x) {
            b[half_at][i] = i < STATE_DIM ? xbc[from + b_at + i] : 0.0;
            c[half_at][i] = i < STATE_DIM ? xbc[from + c_at + i] : 0.0;
        }
        barrier();

        const float x = is_there ? xbc[from + head * push.headDim + column] : 0.0;
        const float step = softplus(rates[(run.row + t) * push.ratesStride + push.ratesAt + head] + shift[head]);
        const float time = clamp(step, push.leastStep, push.mostStep);
        const float kept = exp(decay[head] * time);
        float result = 0.0;
        [[unroll]] for (uint j = 0; j < OWN; j++) {
            s[j] = kept * s[j] + time * x * b[half_at][j * LANES + lane];
            result += s[j] * c[half_at][j * LANES + lane];
        }
        result = sum_over_lanes(result) + skip[head] * x;
        if (is_there && lane == 0) outputs[(run.row + t) * push.outputStride + head * push.headDim + column] = result;
    }
    [[unroll]] for (uint j = 0; j < OWN; j++) {
        const uint i = j * LANES + lane;
        if (is_there && (EVEN || i < STATE_DIM)) STATE(state_at + i * push.headDim) = s[j];
    }
}

void main() {
    pass_run();
    chain_arrive();
}
