// How the splits of attention become one result: the last workgroup to finish adds up what all have left. Before including:
// attention_splits.glsl, softmax_scheme.glsl, HEADS, HEAD_VECTORS, SCHEME, SINKS, the buffers partials, arrivals and sinks, and
// void store_output(uint vector, vec4 value, bool is_there).
shared uvec2 shared_arrival;

// The sum of a head's weights with its sink's. That may be infinite where the others then count for nothing, and the output is 0.
float whole_sum(uint head, float sum, float frame) {
    return SINKS ? sum + softmax_weight(sinks[head], frame) : sum;
}

// Whether this workgroup is the last of its head's splits. Each invocation's partial results are made available to the device
// before the arrival is counted, and the others' made visible after it; the count starts again at zero by itself. On the way,
// outside collects the heads outside that any split had.
bool is_last(uint splits, uint own_head, inout uint outside) {
    memoryBarrierBuffer();
    barrier();
    if (gl_LocalInvocationIndex == 0) {
        const uint block = (gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x) * HEADS + own_head;
        if (SCHEME == ASYNCHRONIZED && outside != 0) {
            atomicOr(arrivals[block].y, outside);
            memoryBarrierBuffer();
        }
        shared_arrival = uvec2(atomicAdd(arrivals[block].x, 1) + 1, 0);
        if (shared_arrival.x == splits) {
            memoryBarrierBuffer();
            atomicExchange(arrivals[block].x, 0);
            if (SCHEME == ASYNCHRONIZED) shared_arrival.y = atomicExchange(arrivals[block].y, 0);
        }
    }
    barrier();
    memoryBarrierBuffer();
    outside = shared_arrival.y;
    return shared_arrival.x == splits;
}

// Adds up the splits of the workgroup's heads. Splits of the asynchronized scheme have one frame: nothing is rescaled, but for
// rows outside, some of whose splits have a frame of their own.
void merge_splits(uint first_head, uint heads, uint anew, uint splits) {
    const uint AT_ONCE = 8; // loads in flight
    const uint items = heads * HEAD_VECTORS;
    for (uint start = 0; start < items; start += gl_WorkGroupSize.x) {
        const bool is_there = start + gl_LocalInvocationIndex < items;
        const uint item = min(start + gl_LocalInvocationIndex, items - 1);
        const uint h = item / HEAD_VECTORS;
        const uint vector = item % HEAD_VECTORS;
        const bool rescale = SCHEME != ASYNCHRONIZED || (anew >> h & 1) != 0;
        float frame = push.phi;
        if (rescale) {
            frame = NO_SCORE;
            for (uint s = 0; s < splits; s++) frame = max(frame, partials[partial_result(first_head + h, s) + HEAD_VECTORS].x);
        }
        vec4 value = vec4(0.0);
        float sum = 0.0;
        for (uint s = 0; s < splits; s += AT_ONCE) {
            vec4 outputs[AT_ONCE];
            vec4 softmax[AT_ONCE];
            [[unroll]] for (uint i = 0; i < AT_ONCE; i++) {
                uint at = partial_result(first_head + h, min(s + i, splits - 1));
                outputs[i] = partials[at + vector];
                softmax[i] = partials[at + HEAD_VECTORS];
            }
            [[unroll]] for (uint i = 0; i < AT_ONCE; i++) {
                if (s + i < splits) {
                    float factor = rescale ? softmax_weight(softmax[i].x, frame) : 1.0;
                    value += outputs[i] * factor;
                    sum += softmax[i].y * factor;
                }
            }
        }
        store_output((first_head + h) * HEAD_VECTORS + vector, value / whole_sum(first_head + h, sum, frame), is_there);
    }
}
