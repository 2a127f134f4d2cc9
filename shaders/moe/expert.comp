#version 460
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
// The products of tokens with the weights of the experts they go to, token (y) by token and expert (z) by expert; a
// subgroup does one row. Matrices of all experts lie one behind the other.
//   GATED      y = f(gate x) * (up x), x being the token's; up's matrices lie behind all the gates'
//   OF_TOKENS  y = f(up x), likewise
//   else       y = down x, x being the token's at this expert
// HEADS: rows of heads (z), each of which has a matrix of its own; input and output may have more between them.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool GATED = true;
layout(constant_id = 2) const uint ACTIVATION = 1;
layout(constant_id = 3) const bool BIAS = false; // each row of the matrices has one, which is added to its product
layout(constant_id = 4) const bool HEADS = false; // neither GATED nor BIAS then
layout(constant_id = 5) const bool OF_TOKENS = false;

#include "push/expert.glsl"
#include "gated_activation.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) readonly buffer Input { vec4 x[]; };
layout(set = 0, binding = 3, std430) readonly buffer Experts { uint chosen[]; };
layout(set = 0, binding = 4, std430) writeonly buffer Output { float y[]; };
layout(set = 0, binding = 5, std430) readonly buffer Biases { float bias[]; };

void main() {
    w_prepare();
    uint pair = gl_WorkGroupID.y * push.used + gl_WorkGroupID.z;
    uint expert = HEADS ? gl_WorkGroupID.z : chosen[pair];
    uint from = HEADS ? (gl_WorkGroupID.y * push.inputStride + gl_WorkGroupID.z * push.inputHead) / 4
                      : (GATED || OF_TOKENS ? gl_WorkGroupID.y : pair) * (push.kPadded / 4);
    uint to = HEADS ? gl_WorkGroupID.y * push.outputStride + gl_WorkGroupID.z * push.outputHead : pair * push.outputStride;
    uint step = gl_NumWorkGroups.x * gl_NumSubgroups;
    for (uint row = gl_WorkGroupID.x * gl_NumSubgroups + gl_SubgroupID; row < push.rows; row += step) {
        uint first = expert * push.rows + row;
        uint second = push.experts * push.rows + first;
        vec2 sums = vec2(0.0);
        for (uint chunk = gl_SubgroupInvocationID; chunk < W_STRIDE; chunk += gl_SubgroupSize) {
            vec4 piece[W_ELEMS / 4];
            [[unroll]] for (uint i = 0; i < W_ELEMS / 4; i++) {
                const uint at = chunk * (W_ELEMS / 4) + i;
                piece[i] = !HEADS || 4 * at < push.columns ? x[from + at] : vec4(0.0);
            }
            sums.x += w_dot(w_load(first, chunk), piece);
            if (GATED) sums.y += w_dot(w_load(second, chunk), piece);
        }
        sums = subgroupAdd(sums);
        if (BIAS) sums += vec2(bias[first], GATED ? bias[second] : 0.0);
        if (subgroupElect()) {
            y[to + row] = GATED ? gated(ACTIVATION, sums.x, sums.y) : activate(ACTIVATION, sums.x);
        }
    }
}
