// Widths and strides in elements; the same record as NormPush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint inputStride;
    uint outputStride;
    float epsilon;
    uint chain_low;  // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
