// What both phases of log_probabilities agree on; MaxAlternatives and SliceSize of LogProbabilitiesKernel in C#.
const uint MAX_ALTERNATIVES = 20;
const uint SLICE_SIZE = 2048;
const uint NO_TOKEN = 0xFFFFFFFFu;

// One slice of the vocabulary: its largest logit, the sum of exp(logit − largest), and its likeliest tokens.
struct Slice {
    float largest;
    float sum;
    uint tokens[MAX_ALTERNATIVES];
    float logits[MAX_ALTERNATIVES];
};
