// Consecutive rows of one sequence in a step, and the state that they go through: float32, at an address that stands in a block table of
// its own among the sequence's. Mirrors StateSource in C#. Before including: the constant ONE_ROW, the push constants stateGroup and
// stateAt, and #define ROW_LIST_BINDING, SEQUENCES_BINDING and BLOCKS_BINDING.
// ONE_ROW: the one row is that of a decode step, and the block table is bound.
#ifndef RECURRENT_RUNS_GLSL
#define RECURRENT_RUNS_GLSL
#include "rows.glsl"

layout(set = 0, binding = BLOCKS_BINDING, std430) readonly buffer Blocks { uvec2 states[]; };
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer StateTable { uvec2 states[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer StateFloats { float values[]; };

struct Run {
    uint row;    // the first, of the activations
    uint count;  // rows
    uvec2 state; // where the sequence's state begins
};

Run run;

// Takes an entry of the list; false where it has no such entry.
bool take_run(uint entry) {
    if (ONE_ROW) {
        run = Run(0, 1, states[0]);
        return true;
    }
    if (!take_row(entry)) return false;
    run = Run(row.row, row.value, StateTable(sequence.blocks).states[push.stateGroup * sequence.block_stride]);
    return true;
}

#define STATE(index) StateFloats(run.state).values[push.stateAt + (index)]

#endif
