#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// hidden[i] = table[ids[i]] * scale as float32, one workgroup per token. Tokens outside the slice are another dispatch's.
layout(local_size_x_id = 0) in;

#include "push/embed.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) readonly buffer Ids { uint ids[]; };
layout(set = 0, binding = 3, std430) writeonly buffer Hidden { float hidden[]; };

void main() {
    w_prepare();
    uint token = gl_WorkGroupID.x;
    uint row = ids[push.firstId + token * push.idStep] - push.firstRow;
    if (row >= push.rows) return;
    for (uint chunk = gl_LocalInvocationID.x; chunk < W_STRIDE; chunk += gl_WorkGroupSize.x) {
        float values[W_ELEMS];
        w_decode(w_load(row, chunk), values);
        uint to = token * push.kPadded + chunk * W_ELEMS;
        [[unroll]] for (uint i = 0; i < W_ELEMS; i++) hidden[to + i] = values[i] * push.scale;
    }
}
