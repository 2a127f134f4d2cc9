// The sequences of a batch, which attend to caches of their own: a table names, by address, what each of them keeps. Mirrors
// SequenceEntry in C#. Before including: #define SEQUENCES_BINDING n and SEQUENCE_INDEX.
#ifndef SEQUENCES_GLSL
#define SEQUENCES_GLSL
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

struct Sequence {
    uvec2 keys;
    uvec2 values;
    uvec2 step_state;
    uvec2 softmax_stats;
    float phi;     // the softmax, as in push/attention_decode.glsl
    float lower;
    float upper;
    uint capacity; // tokens that its cache holds
    uint row;      // its row of activations
    uint padding;
};

layout(set = 0, binding = SEQUENCES_BINDING, std430) readonly buffer SequenceTable { Sequence sequences[]; };

// The first member of StepState.
layout(buffer_reference, std430, buffer_reference_align = 16) readonly buffer StepPosition { uint position; };

Sequence sequence = sequences[SEQUENCE_INDEX];

#endif
