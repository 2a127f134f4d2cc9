// Strides in elements; the same record as RopeStorePush in C#.
layout(push_constant) uniform Push {
    uint startPosition;
    uint inputStride;
    uint queryStride;
    uint numHeads;
    uint numKvHeads;
    uint headDim;
    uint rotaryDim;
    uint capacity;
    float epsilon; // of the norm of queries and keys
} push;
