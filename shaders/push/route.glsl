// The same record as RoutePush in C#.
layout(push_constant) uniform Push {
    uint experts;
    uint stride;  // elements from one token's logits to the next
    uint used;    // experts that a token goes to
} push;
