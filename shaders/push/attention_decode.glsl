// Push constants of decode attention. Mirrors DecodeAttentionPush in C#.
layout(push_constant) uniform DecodeAttentionPush {
    uint group_size;  // query heads per key and value head
    uint kv_heads;    // whose keys lie between a key and its value; 0: values are keys
    uint capacity;    // positions that the sequence may have; of rows their sequences say it
    uint splits;      // parts that the cached tokens are divided into
    uint min_keys;    // tokens of a split, at least
    float scale;      // of the scores
    uint window;      // tokens that are attended to; 0: all
    float soft_cap;   // bound of the scores; read with SOFT_CAP only
    float phi;        // the frame of the asynchronized softmax
    float lower;      // its scores lie above this,
    float upper;      // and below this: else the row is computed anew
    uint layer_at;    // the first 16-byte chunk of the layer in a page
    uint block_group; // rows: which of a sequence's block tables
    uint query_stride;  // rows: from row to row, in elements
    uint output_stride; // rows: likewise, in four elements; FIXED: columns of the output, padding included
    uint chain_low;   // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
