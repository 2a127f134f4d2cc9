// Strides and places in elements; the same record as GateHeadsPush in C#.
layout(push_constant) uniform Push {
    uint headDim;
    uint inputStride;
    uint gateStride;     // of rows that have the gates
    uint gateAt;         // the first head's gate in such a row
    uint gateHeadStride; // from one head's gate to the next's
    uint outputStride;   // OUTPUT_FIXED: columns of the one row, padding included
    uint gainStride;     // from one head's gains of the norm to the next's; 0: all have the same
    float epsilon;       // of the norm
    uint chain_low;      // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
