// The product of a weight matrix with one vector, shared by all epilogues: y = W x.
//
// x comes as its producer left it for products: float32, or fixed point for block formats (fixed_point.glsl). SCALED: it is x * gain
// of an RMSNorm, whose scale 1 / sqrt(mean(x²) + eps) the result is multiplied with; the producer's workgroups left sums of squares.
//
// A unit computes ROWS rows at once, so that each x it takes serves them all. On GPUs a unit is a subgroup whose lanes share the
// columns (gemv_shared.glsl); where lanes are few and loads are cheap (TILE 0), a unit is one invocation, which needs no reduction and
// reads x from uniform addresses.
//
// An epilogue includes gemv_next.glsl first if it can leave the next product's input, and defines SLOTS_PER_ITEM and, before its main
// calls gemv():
//   uint gemv_row(uint slot)                     the matrix row that a slot stands for
//   WRaw gemv_fetch(uint slot, uint index)       loads a chunk of a slot's row by its index in the matrix
//   void gemv_prepare(uint slot)                 loads ahead what gemv_finish of the slot will want of memory
//   float gemv_finish(uint slot, float sums[SLOTS_PER_ITEM])  takes the finished sums of the slots from `slot` on; called once for
//                                                each item by one invocation; returns what the next product takes
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
layout(local_size_x_id = 0) in;
#include "weights/weights.glsl"
#include "push/gemv.glsl"
#ifdef HAS_EXPERTS
#include "linear/gemv_experts.glsl"
#else
const uint EXPERTS = 0;
#endif
#ifdef IN_CHAINS
#include "chain.glsl"
#endif

layout(constant_id = 1) const uint ROWS = 2;
layout(constant_id = 2) const uint UNROLL = 4;
layout(constant_id = 3) const uint TILE = 0;
layout(constant_id = 4) const uint PASSES = 1;    // times that a unit takes ROWS rows, for one x
layout(constant_id = 5) const uint MAX_SLOTS = 1; // of a workgroup whose units are subgroups
layout(constant_id = 6) const bool SCALED = false;
layout(constant_id = 7) const bool BIAS = false;

#ifdef INTEGER_DOT
layout(set = 0, binding = 0) readonly coherent buffer InputBuffer { uvec4 x[]; };
layout(set = 0, binding = 0) readonly coherent buffer InputBlocks { uvec2 x_blocks[]; };
#else
layout(set = 0, binding = 0) readonly CHAINED buffer InputBuffer { vec4 x[]; };
#endif
layout(set = 0, binding = 1) readonly CHAINED buffer SquaresBuffer { float squares[]; };
layout(set = 0, binding = 2) readonly buffer BiasBuffer { float row_bias[]; };

#define X_VECTORS (W_ELEMS / 4)

uint gemv_row(uint slot);
WRaw gemv_fetch(uint slot, uint index);
void gemv_prepare(uint slot);
float gemv_finish(uint slot, float sums[SLOTS_PER_ITEM]);

float with_bias(uint row, float product) {
    return BIAS ? product + row_bias[row] : product;
}

// Chunks in a row of a matrix.
uint gemv_row_chunks() {
#ifdef HAS_EXPERTS
    if (EXPERTS_ARE_SUMMED) return push.row_chunks;
#endif
    return push.stride;
}

// Where the matrix has the chunk of a row that meets one of x: its distance from the row's first. Behind each other, x has what the
// experts that are summed take.
uint gemv_chunk(uint chunk) {
#ifdef HAS_EXPERTS
    if (EXPERTS_ARE_SUMMED) {
        const uint rank = chunk / push.row_chunks;
        return (expert_of(rank) * push.expert_rows - rank) * push.row_chunks + chunk;
    }
#endif
    return chunk;
}

// The factor of a chunk of x.
float gemv_weight(uint chunk) {
#ifdef HAS_EXPERTS
    if (EXPERTS_ARE_SUMMED) return weight_of(chunk / push.row_chunks);
#endif
    return 1.0;
}

// The scale of x's norm from the sum of its squares.
float norm_scale(float sum) {
    return inversesqrt(sum / float(push.columns) + push.eps);
}

#include "fixed_point.glsl"
#include "linear/gemv_shared.glsl"

#ifndef INTEGER_DOT
// One invocation computes ROWS rows by itself; a workgroup is one subgroup.
void gemv_lane() {
#ifdef IN_CHAINS
    chain_wait();
#endif
    float scale = 1.0;
    if (SCALED) {
        float sum = 0.0;
        for (uint i = gl_SubgroupInvocationID; i < push.squares; i += gl_SubgroupSize) sum += squares[i];
        scale = norm_scale(subgroupAdd(sum));
    }
    const uint group_slots = gl_WorkGroupSize.x * ROWS;
    for (uint block = gl_WorkGroupID.x; block * group_slots < push.slots; block += gl_NumWorkGroups.x) {
        const uint first = block * group_slots + gl_LocalInvocationID.x * ROWS;
        uint base[ROWS];
        float sums[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            base[r] = gemv_row(min(first + r, push.slots - 1)) * gemv_row_chunks();
            sums[r] = 0.0;
        }
        for (uint chunk = 0; chunk < push.stride; chunk++) {
            vec4 piece[X_VECTORS];
            [[unroll]] for (uint i = 0; i < X_VECTORS; i++) piece[i] = gemv_weight(chunk) * x[chunk * X_VECTORS + i];
            const uint at = gemv_chunk(chunk);
            [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] += w_dot(gemv_fetch(r, base[r] + at), piece);
        }
        float own = 0.0;
        [[unroll]] for (uint r = 0; r < ROWS; r += SLOTS_PER_ITEM) {
            if (first + r < push.slots) {
                gemv_prepare(first + r);
                float item[SLOTS_PER_ITEM];
                [[unroll]] for (uint i = 0; i < SLOTS_PER_ITEM; i++) item[i] = sums[r + i] * scale;
                float value = gemv_finish(first + r, item);
#ifdef LEAVES_INPUT
                own += next_element((first + r) / SLOTS_PER_ITEM, value);
#endif
            }
        }
#ifdef LEAVES_INPUT
        if (NEXT_NORM) {
            own = subgroupAdd(own);
            if (subgroupElect()) next_squares[push.first_square + block] = own;
        }
#endif
    }
}
#endif

void gemv() {
    w_prepare();
#ifdef INTEGER_DOT
    gemv_shared();
#else
    if (TILE == 0) gemv_lane(); else gemv_shared();
#endif
#ifdef IN_CHAINS
    chain_arrive();
#endif
}
