// Strides and places in elements; the same record as ShortConvPush in C#.
layout(push_constant) uniform Push {
    uint channels;
    uint inputStride;
    uint inputAt;    // where what is convolved stands in a row
    uint outputStride;
    uint stateGroup; // which of a sequence's block tables names its state
    uint stateAt;    // the layer's first float there: [taps - 1][channels]
    uint chain_low;  // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
