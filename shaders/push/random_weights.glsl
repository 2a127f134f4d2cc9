// The same record as RandomWeightsPush in C#.
layout(push_constant) uniform Push {
    uint chunks;       // 16-byte chunks of the slice
    uint chunksPerRow;
    uint columns;      // columns that are not padding
    uint seed;
} push;
