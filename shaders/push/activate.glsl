// Strides and the width of an output row in elements; the same record as ActivatePush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint inputStride;
    uint outputStride;
} push;
