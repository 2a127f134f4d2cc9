// What a decode step reads and the sampler advances, one buffer per session. Mirrors StepState in C#.
// Before including: #define STEP_STATE_BINDING n for a buffer that holds one; without it only the struct is there.
#ifndef STEP_STATE_GLSL
#define STEP_STATE_GLSL

struct StepState {
    uint position;     // index of the token processed now: the number of tokens cached before it
    uint token_id;     // the token processed now
    uint step_index;   // tokens selected so far: the counter of the random numbers and of the output ring
    uint seed_lo;
    uint seed_hi;
    float temperature; // 0: greedy
    uint top_k;        // 0: off
    float top_p;       // 1: off
    float min_p;       // 0: off
    float typical_p;   // 1: off
    float repetition_penalty; // 1: off
    float frequency_penalty;  // 0: off
    float presence_penalty;   // 0: off
    uint penalty_window;      // 0: all tokens
    uint adjustments;         // which of ADJUST_… take part
    uint alternatives;        // tokens whose log-probabilities are wanted beside the chosen one's
};

const uint ADJUST_PENALTIES = 1u;
const uint ADJUST_BIAS = 2u;
const uint ADJUST_MASK = 4u;

// Entries of the output ring, StepState.RingSize in C#.
const uint RING_SIZE = 64;

// What stands in the output ring in place of a token id where no token was chosen; StepState in C#.
const uint LOGITS_NOT_FINITE = 0xFFFFFFFEu; // a logit is NaN or +Inf
const uint NO_TOKEN_ALLOWED = 0xFFFFFFFFu;  // all logits are -Inf

#ifdef STEP_STATE_BINDING
layout(set = 0, binding = STEP_STATE_BINDING) readonly buffer StepStateBuffer { StepState state; };
#endif

#endif
