#version 460
#extension GL_GOOGLE_include_directive : require
// What changes logits before a token is chosen: penalties for tokens seen before, biases, and a mask of allowed tokens, as each choice's
// state says. One invocation per token; the logits themselves stay as they are.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "sample/choice.glsl"
#include "sample/usable_logit.glsl"

// The least logit of an allowed token, larger than that of any other.
const float LEAST = -3.4e38;

void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= push.vocabSize || !has_choice()) return;
    float raw = Floats(choice.logits).values[i];
    float logit = raw;
    if ((state.adjustments & ADJUST_PENALTIES) != 0u) {
        uint count = Words(choice.counts).values[i];
        if (count > 0u) {
            logit = logit > 0.0 ? logit / state.repetition_penalty : logit * state.repetition_penalty;
            logit -= float(count) * state.frequency_penalty + state.presence_penalty;
        }
    }
    bool allowed = true;
    if ((state.adjustments & ADJUST_BIAS) != 0u) {
        float bias = Floats(choice.biases).values[i];
        logit += bias;
        allowed = bias != EXCLUDED;
    }
    if ((state.adjustments & ADJUST_MASK) != 0u) {
        allowed = allowed && (Words(choice.mask).values[i >> 5] >> (i & 31u) & 1u) != 0u;
    } else {
        // A mask leaves a choice, however unlikely the model finds all of it.
        allowed = allowed && raw != EXCLUDED;
    }
    // What the model says stays visible to the sampler where it is not finite; sums of what is finite stay that.
    float finite = clamp(logit, LEAST, -LEAST);
    Floats(choice.source).values[i] = usable_logit(raw) == NOT_FINITE ? NOT_FINITE : allowed ? finite : EXCLUDED;
}
