#version 460
#extension GL_GOOGLE_include_directive : require
// What changes logits before a token is chosen: penalties for tokens seen before, biases, and a mask of allowed tokens, as each choice's
// state says. One invocation per token; the logits themselves stay as they are.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"
#include "sample/choice.glsl"

void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= push.vocabSize || !has_choice()) return;
    const float raw = usable_logit(Words(choice.logits).values[i]);
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
        const uint bias = Words(choice.biases).values[i];
        allowed = bias != NEGATIVE_INFINITY;
        if (allowed) logit += uintBitsToFloat(bias);
    }
    if ((state.adjustments & ADJUST_MASK) != 0u) {
        allowed = allowed && (Words(choice.mask).values[i >> 5] >> (i & 31u) & 1u) != 0u;
    } else {
        // A mask leaves a choice, however unlikely the model finds all of it.
        allowed = allowed && raw != EXCLUDED;
    }
    // What the model says stays visible to the sampler where it is not finite; sums of what is finite stay that.
    const uint finite = floatBitsToUint(clamp(logit, -MOST_LOGIT, MOST_LOGIT));
    Words(choice.source).values[i] = raw == NOT_FINITE ? POSITIVE_INFINITY : allowed ? finite : NEGATIVE_INFINITY;
}
