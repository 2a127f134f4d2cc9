// Strides in elements; the same record as RopeStorePush in C#.
layout(push_constant) uniform Push {
    uint inputStride;
    uint queryStride;
    uint numHeads;
    uint numKvHeads;
    uint headDim;
    uint rotaryDim;
    uint capacity;   // positions that the sequence may have; of rows their sequences say it
    uint layerAt;    // the first 16-byte chunk of the layer in a page
    uint blockGroup; // which of a sequence's block tables
    float epsilon;   // of the norm of queries and keys
    float temperatureBeta;  // queries grow by this with the logarithm of their position; 0: they do not
    uint temperatureLength; // positions that have the same factor
    uint chain_low;  // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
