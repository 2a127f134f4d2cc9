// Push constants of decode attention, both dispatches. Mirrors DecodeAttentionPush in C#.
layout(push_constant) uniform DecodeAttentionPush {
    uint num_heads;   // query heads
    uint group_size;  // query heads per key and value head
    uint head_dim;
    uint capacity;    // tokens that the cache holds
    uint splits;      // parts that the cached tokens are divided into
    float scale;      // of the scores
    uint window;      // tokens that are attended to; 0: all
    float soft_cap;   // bound of the scores; read with SOFT_CAP only
} p;
