#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Rows of float weights become blocks in their packed layout, with the bits that the CPU's encoder gives. One invocation encodes
// two blocks, whose scales share a word.
layout(local_size_x_id = 0) in;

#include "push/quantize.glsl"
#define W_STRIDE (push.kPadded / W_ELEMS)
#include "weights/weights.glsl"
#include "exact.glsl"

// Blocks of smaller weights are zero, since no half could be their scale.
const float SMALLEST = 1e-30;

#if defined(ENCODE_Q8_0)
#include "weights/encode/q8_0.glsl"
#else
#include "weights/encode/q4_0.glsl"
#endif

layout(set = 0, binding = 0, std430) readonly buffer Quants { uvec4 W[]; };
layout(set = 0, binding = 1, std430) readonly buffer Scales { W_SCALE S[]; };
layout(set = 0, binding = 2, std430) writeonly buffer TargetQuants { uvec4 targetQuants[]; };
layout(set = 0, binding = 3, std430) writeonly buffer TargetScales { uint targetScales[]; };

void load_block(uint row, uint block, out float values[32]) {
    [[unroll]] for (uint chunk = 0; chunk < 32u / W_ELEMS; chunk++) {
        float some[W_ELEMS];
        w_decode(w_load(row, block * 32u / W_ELEMS + chunk), some);
        [[unroll]] for (uint i = 0; i < W_ELEMS; i++) values[chunk * W_ELEMS + i] = some[i];
    }
}

void main() {
    uint pairs = push.kPadded / 64u;
    uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint pair = gl_GlobalInvocationID.x; pair < push.rows * pairs; pair += step) {
        uint row = pair / pairs;
        uint target = (push.targetRow + row) * pairs + pair % pairs;
        uint scales = 0u;
        for (uint i = 0; i < 2u; i++) {
            uint block = 2u * (pair % pairs) + i;
            uvec4 quants[QUANT_WORDS];
            [[unroll]] for (uint word = 0; word < QUANT_WORDS; word++) quants[word] = uvec4(0u);
            if (block * 32u < push.columns) {
                float values[32];
                load_block(push.firstRow + row, block, values);
                scales |= encode(values, quants) << (16u * i);
            }
            [[unroll]] for (uint word = 0; word < QUANT_WORDS; word++) {
                targetQuants[(2u * target + i) * QUANT_WORDS + word] = quants[word];
            }
        }
        targetScales[target] = scales;
    }
}
