// Width and stride in elements; the same record as GatherRowsPush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint stride; // of the rows of both
} push;
