// The same record as SamplePush in C#.
layout(push_constant) uniform Push {
    uint vocabSize;
} push;
