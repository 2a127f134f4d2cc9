// What a product leaves for the one that takes its result as input: the elements as float32 or in fixed point, times the gain of an
// RMSNorm between the two, and the sum of squares of each workgroup's elements, from which that norm's scale will be known. Included before
// gemv.glsl by the epilogues that leave something.
#define LEAVES_INPUT
#include "push/gemv.glsl"

layout(constant_id = 8) const uint NEXT = 0;

const uint NEXT_NONE = 0;
const uint NEXT_FLOAT = 1;
const uint NEXT_FIXED = 2;
const uint NEXT_FLOAT_NORM = 3;
const uint NEXT_FIXED_NORM = 4;
const bool NEXT_NORM = NEXT >= NEXT_FLOAT_NORM;
const bool NEXT_IS_FIXED = NEXT == NEXT_FIXED || NEXT == NEXT_FIXED_NORM;

#define FIXED_BINDING 3
#include "fixed_point.glsl"
layout(set = 0, binding = 3) writeonly CHAINED buffer NextBuffer { float next[]; };
layout(set = 0, binding = 4) readonly buffer GainBuffer { float gain[]; };
layout(set = 0, binding = 5) writeonly CHAINED buffer NextSquaresBuffer { float next_squares[]; };

float own_gain; // of the element that is finished next

void prepare_next(uint item) {
    if (NEXT_NORM) own_gain = gain[push.first_row + item];
}

// Stores an element as float32; returns its square.
float next_element(uint item, float value) {
    const uint i = push.first_row + item;
    if (NEXT == NEXT_FLOAT) next[i] = value;
    if (NEXT == NEXT_FLOAT_NORM) next[i] = value * own_gain;
    return value * value;
}
