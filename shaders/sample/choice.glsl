// The choices of a step: rows of logits, and by address what each of their sequences keeps. Mirrors ChoiceEntry in C#. A dispatch takes
// one list of them, those that need it, with a row of workgroups (y) for each; what the recording has beyond the list's count returns
// at once. Binding 0; push/sample.glsl comes before.
#ifndef CHOICE_GLSL
#define CHOICE_GLSL
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

#include "step_state.glsl"
#include "sample/usable_logit.glsl"

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Words { uint values[]; };
layout(buffer_reference, std430, buffer_reference_align = 16) buffer StepStates { StepState one; };

struct Choice {
    uvec2 logits;  // the model's own
    uvec2 source;  // what is chosen from: the same, or what adjust_logits made of them
    uvec2 state;
    uvec2 ring;    // [RING_SIZE] token ids, or why there is none
    uvec2 counts;  // [vocabSize] how often each token was seen, inside the window of penalties
    uvec2 history; // [penalty_window] the tokens in it, each at its position modulo the window
    uvec2 biases;  // [vocabSize]
    uvec2 mask;    // a bit for each token
    uvec2 entries; // [RING_SIZE] of log_probabilities.comp
};

layout(set = 0, binding = 0, std430) readonly buffer ChoiceTable {
    uint counts[8]; // of each list
    Choice choices[];
} table;

uint choice_row() {
    return push.row + gl_WorkGroupID.y;
}

bool has_choice() {
    return choice_row() < table.counts[push.list];
}

#define choice table.choices[push.first + choice_row()]
#define state StepStates(choice.state).one

float source_logit(uint i) {
    return usable_logit(Words(choice.source).values[i]);
}

#endif
