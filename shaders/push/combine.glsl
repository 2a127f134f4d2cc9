// The same record as CombinePush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint stride; // elements from one row to the next, of both
    uint used;   // experts that a token goes to
} push;
