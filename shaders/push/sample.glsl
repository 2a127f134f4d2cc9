// The same record as SamplePush in C#.
layout(push_constant) uniform Push {
    uint vocabSize;
    uint list;  // of the table of choices
    uint first; // where the list begins
    uint row;   // the choice of the list that the first workgroup along y takes
} push;
