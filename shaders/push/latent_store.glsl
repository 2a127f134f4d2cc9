// Strides and places in elements; the same record as LatentStorePush in C#.
layout(push_constant) uniform Push {
    uint inputStride;   // of rows with the latent and the key's rotated part
    uint latentAt;      // where those stand in a row
    uint queriesStride; // of rows of heads [nope | rope]
    uint queryStride;   // of rows of heads [rank | rope]
    uint numHeads;
    uint nopeDim;
    uint ropeDim;
    uint rank;
    uint capacity;      // positions that the sequence may have; of rows their sequences say it
    uint layerAt;       // the first 16-byte chunk of the layer in a page
    uint blockGroup;    // which of a sequence's block tables
    float epsilon;      // of the norm of the latent
} push;
