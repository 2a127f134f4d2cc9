// The same record as GroupPush in C#.
layout(push_constant) uniform Push {
    uint pairs;    // of a token and an expert that it goes to
    uint tileRows; // pairs of a tile, at most
} push;
