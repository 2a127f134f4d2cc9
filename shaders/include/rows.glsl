// Rows of a step, of any number of sequences: a list says which, a table what each sequence keeps, by address. Mirrors RowEntry and
// SequenceEntry in C#. Before including: #define SEQUENCES_BINDING n, and ROW_LIST_BINDING n
// for a list.
#ifndef ROWS_GLSL
#define ROWS_GLSL
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

struct Row {
    uint row;      // of the activations; of a tile the first
    uint position; // likewise
    uint sequence; // its place in the table
    uint value;    // the token; of a tile the number of its rows; where queries see later keys, in the upper half the rows behind it
};

struct Sequence {
    uvec2 blocks;        // block tables, one for each group of layers
    uvec2 softmax_stats;
    uvec2 step_state;    // where its next token and position stand; read by resolve_rows.comp alone
    uint block_stride;   // pages of one block table
    uint capacity;       // positions that it may have
};

#ifdef ROW_LIST_BINDING
layout(set = 0, binding = ROW_LIST_BINDING, std430) readonly buffer RowList { uint row_count; uint padding[3]; Row entries[]; };
#endif
layout(set = 0, binding = SEQUENCES_BINDING, std430) readonly buffer SequenceTable { Sequence sequences[]; };

#ifdef ROW_LIST_BINDING
Row row;
Sequence sequence;

// Takes an entry of the list; false where it has no such entry: recordings serve more rows than a step may have.
bool take_row(uint entry) {
    if (entry >= row_count) return false;
    row = entries[entry];
    sequence = sequences[row.sequence];
    return true;
}

uint rows_behind = 0; // of a tile's sequence

// Splits the value of a tile whose queries see later keys.
void take_rows_behind() {
    rows_behind = row.value >> 16;
    row.value &= 0xFFFFu;
}

#ifdef KV_CACHE_GLSL
// The page of a position, in the tables of one group of layers.
uvec2 page_of(uint group, uint token) {
    return BlockTable(sequence.blocks).pages[group * sequence.block_stride + token / PAGE_TOKENS];
}
#endif
#endif

#endif
