// Strides and the width of one half in elements; the same record as SwiGluPush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint inputStride;
    uint outputStride;
} push;
