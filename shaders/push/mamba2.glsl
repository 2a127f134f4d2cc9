// Strides and places in elements; the same record as Mamba2Push in C#.
layout(push_constant) uniform Push {
    uint heads;
    uint groups;       // of heads that share B and C
    uint headDim;
    uint inputStride;  // of rows [x | B | C]
    uint ratesStride;  // of rows that have the rates
    uint ratesAt;      // where they stand in such a row
    uint outputStride;
    uint stateGroup;   // which of a sequence's block tables names its state
    uint stateAt;      // the layer's first float there: [heads][state dim][head dim]
    float leastStep;   // bounds of time steps
    float mostStep;
    uint chain_low;  // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
