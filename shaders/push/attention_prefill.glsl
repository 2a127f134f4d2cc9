// Strides in elements; the same record as PrefillAttentionPush in C#.
layout(push_constant) uniform Push {
    uint seqLen;
    uint startPosition; // tokens cached before the first query
    uint queryStride;
    uint outputStride;
    uint capacity;
    uint groupSize;     // query heads per key/value head
    float scale;
    uint window;        // tokens that a query attends to, itself included; 0: all
    float softCap;      // bound of the scores; 0: none
    float phi;          // the frame of the asynchronized softmax
    float lower;        // its scores lie above this,
    float upper;        // and below this: else the row is computed anew
} push;
