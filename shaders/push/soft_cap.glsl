// The same record as SoftCapPush in C#.
layout(push_constant) uniform Push {
    uint count;
    float cap;
} push;
