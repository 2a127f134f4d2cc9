// Push constants of decode attention, both dispatches. Mirrors DecodeAttentionPush in C#.
layout(push_constant) uniform DecodeAttentionPush {
    uint num_heads;   // query heads
    uint group_size;  // query heads per key and value head
    uint head_dim;
    uint capacity;    // tokens that the cache holds
    uint splits;      // parts that the cached tokens are divided into
    float scale;      // of the scores
} p;
