// Strides in elements; the same record as ScoreStatisticsPush in C#.
layout(push_constant) uniform Push {
    uint queryStride;
    uint groupSize;     // query heads per key/value head
    uint headDim;
    uint layerAt;       // the first 16-byte chunk of the layer in a page
    uint blockGroup;    // which of a sequence's block tables
    float scale;
    uint window;        // tokens that a query attends to, itself included; 0: all
    float softCap;      // bound of the scores; 0: none
} push;
