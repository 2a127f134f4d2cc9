// Strides in elements; the same record as ScoreStatisticsPush in C#.
layout(push_constant) uniform Push {
    uint seqLen;
    uint startPosition; // tokens cached before the first query
    uint queryStride;
    uint capacity;
    uint groupSize;     // query heads per key/value head
    uint headDim;
    float scale;
    uint window;        // tokens that a query attends to, itself included; 0: all
    float softCap;      // bound of the scores; 0: none
} push;
