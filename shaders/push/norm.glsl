// Widths and strides in elements; the same record as NormPush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint inputStride;
    uint outputStride;
    float epsilon;
} push;
