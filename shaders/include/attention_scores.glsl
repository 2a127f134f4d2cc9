// What may happen to a score q·k·scale before the softmax.
#ifndef ATTENTION_SCORES_GLSL
#define ATTENTION_SCORES_GLSL

const float LOG2_E = 1.4426950408889634;

// cap · tanh(score / cap), as Gemma 2 bounds its scores. GLSL's tanh may overflow inside; this form ends at ±cap.
float soft_cap(float score, float cap) {
    return cap - 2.0 * cap / (exp2(2.0 * LOG2_E / cap * score) + 1.0);
}

#endif
