#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// A causal convolution of each channel over the rows of its sequence, whose last TAPS - 1 inputs are its state:
//   y[t] = f(bias + sum of w[j] x[t - TAPS + 1 + j])
// GATED (short convolutions of LFM2): rows are [b | c | x]: the input is b x, the output c y. SILU: f; else the identity.
// One workgroup does CHANNELS channels (x) of one run of rows (y); its invocations cut the run into pieces, as many as fit.
layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint CHANNELS = 1;
layout(constant_id = 2) const uint TAPS = 4;
layout(constant_id = 3) const bool SILU = true;
layout(constant_id = 4) const bool GATED = false;
layout(constant_id = 5) const bool BIAS = false;
layout(constant_id = 6) const bool ONE_ROW = false;

#define ROW_LIST_BINDING 4
#define SEQUENCES_BINDING 5
#define BLOCKS_BINDING 6
#include "push/short_conv.glsl"
#include "recurrent_runs.glsl"
#include "chain.glsl"

layout(set = 0, binding = 0, std430) readonly coherent buffer Input { float x[]; };
layout(set = 0, binding = 1, std430) readonly buffer Weights { float weights[]; }; // [channels][TAPS]
layout(set = 0, binding = 2, std430) readonly buffer Bias { float bias[]; };       // [channels]
layout(set = 0, binding = 3, std430) writeonly coherent buffer Output { float y[]; };

float input_of(uint t, uint channel) {
    const uint at = (run.row + t) * push.inputStride + push.inputAt + channel;
    return GATED ? x[at] * x[at + 2 * push.channels] : x[at];
}

// The input of a row of the run, or of one of the TAPS - 1 rows before it.
float input_before(int t, uint channel) {
    return t >= 0 ? input_of(uint(t), channel) : STATE(uint(t + int(TAPS) - 1) * push.channels + channel);
}

void convolve(uint channel, uint first, uint end, inout float held[TAPS]) {
    float taps[TAPS];
    [[unroll]] for (uint j = 0; j < TAPS; j++) taps[j] = weights[channel * TAPS + j];
    for (uint t = first; t < end; t++) {
        held[TAPS - 1] = input_of(t, channel);
        float sum = BIAS ? bias[channel] : 0.0;
        [[unroll]] for (uint j = 0; j < TAPS; j++) sum += taps[j] * held[j];
        if (SILU) sum /= 1.0 + exp(-sum);
        if (GATED) sum *= x[(run.row + t) * push.inputStride + push.inputAt + push.channels + channel];
        y[(run.row + t) * push.outputStride + channel] = sum;
        [[unroll]] for (uint j = 0; j + 1 < TAPS; j++) held[j] = held[j + 1];
    }
}

void pass_run() {
    if (!take_run(gl_WorkGroupID.y)) return;
    const uint pieces = gl_WorkGroupSize.x / CHANNELS;
    const uint piece_rows = (run.count + pieces - 1) / pieces;
    const uint channel = gl_WorkGroupID.x * CHANNELS + gl_LocalInvocationID.x % CHANNELS;
    const uint first = min(gl_LocalInvocationID.x / CHANNELS * piece_rows, run.count);
    const uint end = channel < push.channels ? min(first + piece_rows, run.count) : first;

    float held[TAPS];
    if (first < end) {
        [[unroll]] for (uint j = 0; j + 1 < TAPS; j++) held[j] = input_before(int(first) + int(j) - int(TAPS) + 1, channel);
    }
    barrier(); // the state is read before it is written
    chain_wait();
    if (first < end) {
        convolve(channel, first, end, held);
        if (end == run.count) {
            [[unroll]] for (uint j = 0; j + 1 < TAPS; j++) STATE(j * push.channels + channel) = held[j];
        }
    }
}

void main() {
    pass_run();
    chain_arrive();
}
