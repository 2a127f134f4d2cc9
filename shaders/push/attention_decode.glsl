// Push constants of decode attention. Mirrors DecodeAttentionPush in C#.
layout(push_constant) uniform DecodeAttentionPush {
    uint group_size;  // query heads per key and value head
    uint capacity;    // tokens that the cache holds
    uint splits;      // parts that the cached tokens are divided into
    uint min_keys;    // tokens of a split, at least
    float scale;      // of the scores
    uint window;      // tokens that are attended to; 0: all
    float soft_cap;   // bound of the scores; read with SOFT_CAP only
    float phi;        // the frame of the asynchronized softmax
    float lower;      // its scores lie above this,
    float upper;      // and below this: else the row is computed anew
    // Of a batch only, which has capacity and softmax in its table:
    uint first_sequence; // its place in the table
    uint kv_heads;
    uint rotary_dim;
    float norm_epsilon;
    uint input_stride;   // from row to row of the QKV product
    uint output_stride;  // of the output's rows, in four elements; FIXED: columns of the output, padding included
} push;
