// Strides in elements; the same record as RopeStorePush in C#.
layout(push_constant) uniform Push {
    uint startPosition; // of a batch: its place in the table of sequences
    uint inputStride;
    uint queryStride;
    uint numHeads;
    uint numKvHeads;
    uint headDim;
    uint rotaryDim;
    uint capacity;      // not of a batch
    float epsilon; // of the norm of queries and keys
} push;
