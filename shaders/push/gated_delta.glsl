// Strides and places in elements; the same record as GatedDeltaPush in C#.
layout(push_constant) uniform Push {
    uint keyHeads;
    uint valueHeads;
    uint valueDim;     // of a value head
    uint inputStride;  // of rows [q | k | v]
    uint ratesStride;  // of rows that have the rates
    uint ratesAt;      // where they stand in such a row
    uint outputStride;
    uint stateGroup;   // which of a sequence's block tables names its state
    uint stateAt;      // the layer's first float there: [value heads][key dim][value dim]
    uint chain_low;  // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
