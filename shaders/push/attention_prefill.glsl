// Strides in elements; the same record as PrefillAttentionPush in C#.
layout(push_constant) uniform Push {
    uint queryStride;
    uint outputStride;
    uint groupSize;     // query heads per key/value head
    uint kvHeads;       // whose keys lie between a key and its value; 0: values are keys
    uint layerAt;       // the first 16-byte chunk of the layer in a page
    uint blockGroup;    // which of a sequence's block tables
    float scale;
    uint window;        // tokens that a query attends to, itself included, on each side that it sees; 0: all
    float softCap;      // bound of the scores; 0: none
    float phi;          // the frame of the asynchronized softmax
    float lower;        // its scores lie above this,
    float upper;        // and below this: else the row is computed anew
} push;
