// Push constants of the matrix-vector products. Mirrors GemvPush in C#.
#ifndef PUSH_GEMV_GLSL
#define PUSH_GEMV_GLSL

// What dispatches of a chain (include/chain.glsl) write and read. Products of a float32 x are in none unless CHAINS says so: read past
// the caches, x costs large products a third of their speed.
#if defined(INTEGER_DOT) || defined(CHAINS)
#define IN_CHAINS
#define CHAINED coherent
#else
#define CHAINED
#endif

layout(push_constant) uniform GemvPush {
    uint slots;         // rows to compute, in the order of the epilogue's gemv_row
    uint stride;        // chunks in a row of the matrix, padding included
    uint first_row;     // store, gated: where in y the slice begins; qkv: the slice's first head
    uint squares;       // SCALED: sums of squares of x
    uint columns;       // SCALED: width of x without padding: what the mean of squares divides by
    float eps;          // SCALED: added to the mean of squares
    uint next_columns;  // store, gated: columns of the vector for the next product, padding included
    uint first_square;  // NEXT_NORM: the first sum of squares that the slice writes
    uint up_skip;       // gated: rows of the second matrix before up's first one
    uint width;         // gated: rows of the gate, and of up
    uint num_heads;     // qkv: query heads
    uint num_kv_heads;  // qkv: key and value heads
    uint head_dim;      // qkv: elements of a head
    uint rotary_dim;    // qkv: leading elements that are rotated
    uint capacity;      // qkv: positions that the sequence may have
    uint layer_at;      // qkv: the first 16-byte chunk of the layer in a page
    uint chain_low;     // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
    uint chosen_low;    // experts: the address of those that the token goes to
    uint chosen_high;
    uint weights_low;   // experts, summed: the address of their weights
    uint weights_high;
    uint expert_rows;   // experts: rows of one's matrix
    uint row_chunks;    // experts, summed: chunks in a row of a matrix; stride is that of all together
} push;
#endif
