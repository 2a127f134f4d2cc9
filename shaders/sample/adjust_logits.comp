#version 460
#extension GL_GOOGLE_include_directive : require
// What changes logits before a token is chosen: penalties for tokens seen before, biases, and a mask of allowed tokens. One
// invocation per token; the logits themselves stay as they are.
layout(local_size_x_id = 0) in;

#include "push/sample.glsl"

layout(set = 0, binding = 0, std430) readonly buffer Logits { float logits[]; };
#define STEP_STATE_BINDING 1
#include "step_state.glsl"
layout(set = 0, binding = 2, std430) readonly buffer Counts { uint counts[]; };
layout(set = 0, binding = 3, std430) readonly buffer Biases { float biases[]; };
layout(set = 0, binding = 4, std430) readonly buffer Mask { uint mask[]; };
layout(set = 0, binding = 5, std430) writeonly buffer Adjusted { float adjusted[]; };

#include "sample/usable_logit.glsl"

// The least logit of an allowed token, larger than that of any other.
const float LEAST = -3.4e38;

void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= push.vocabSize) return;
    float logit = logits[i];
    if ((state.adjustments & ADJUST_PENALTIES) != 0u) {
        uint count = counts[i];
        if (count > 0u) {
            logit = logit > 0.0 ? logit / state.repetition_penalty : logit * state.repetition_penalty;
            logit -= float(count) * state.frequency_penalty + state.presence_penalty;
        }
    }
    bool allowed = true;
    if ((state.adjustments & ADJUST_BIAS) != 0u) {
        logit += biases[i];
        allowed = biases[i] != EXCLUDED;
    }
    if ((state.adjustments & ADJUST_MASK) != 0u) {
        allowed = allowed && (mask[i >> 5] >> (i & 31u) & 1u) != 0u;
    } else {
        // A mask leaves a choice, however unlikely the model finds all of it.
        allowed = allowed && logits[i] != EXCLUDED;
    }
    // What the model says stays visible to the sampler where it is not finite; sums of what is finite stay that.
    float finite = clamp(logit, LEAST, -LEAST);
    adjusted[i] = usable_logit(logits[i]) == NOT_FINITE ? NOT_FINITE : allowed ? finite : EXCLUDED;
}
