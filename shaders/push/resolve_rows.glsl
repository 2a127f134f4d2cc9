// The same record as ResolveRowsPush in C#.
layout(push_constant) uniform Push {
    uint entries; // of the plan, heads of lists among them
} push;
