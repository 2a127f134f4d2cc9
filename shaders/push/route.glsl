// The same record as RoutePush in C#.
layout(push_constant) uniform Push {
    uint stride;     // elements from one token's logits to the next
    uint used;       // experts that a token goes to
    uint groups;     // GROUPED: groups of neighbouring experts, as many each
    uint groupsUsed; // GROUPED: groups that a token's experts are in
    float scale;     // of the weights
    float jitter;    // SPARSE_MIXER: half of how far below the greatest logit another still counts
    uint chain_low;  // the chain of dispatches: include/chain.glsl
    uint chain_high;
    uint chain_link;
    uint chain_waits;
} push;
