// Dispatches of a chain have no barrier between them: a workgroup does what needs nothing of the dispatch before, waits until all
// workgroups of that have arrived, and arrives itself at its end. Before including, push constants with chain_low, chain_high (the address
// of the counters; 0: no chain), chain_link (the counter to arrive at) and chain_waits (arrivals of the link before; 0: it is ordered
// otherwise). What one dispatch of a chain writes and a later one reads is in coherent buffers.
//
// Workgroups have to start in the order of their dispatches, which Vulkan does not promise. So waits are bounded, and the host is told of
// one that was too long; all that was computed since is worth nothing then. Mirrors DispatchChain in C#.
#ifndef CHAIN_GLSL
#define CHAIN_GLSL
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require

layout(buffer_reference, std430, buffer_reference_align = 4) coherent buffer ChainReport { uint failed; };
layout(buffer_reference, std430, buffer_reference_align = 8) coherent buffer ChainCounters {
    uint failed; // nobody waits any more
    uint unused;
    uvec2 report; // where the host reads it
    uint arrived[];
};

// Of the longest wait, some 0.2 s on an H200. A software driver ends loops by itself that take more rounds than 65535.
const uint MOST_ROUNDS = 1u << 15;
const uint POLLS_OF_A_ROUND = 8;
const uint ROUNDS_BETWEEN_LOOKS = 32;

// By all invocations of the workgroup, before any reads what the link before wrote.
void chain_wait() {
    if (push.chain_waits == 0) return;
    if (gl_LocalInvocationIndex == 0) {
        ChainCounters chain = ChainCounters(uvec2(push.chain_low, push.chain_high));
        uint arrived = 0;
        for (uint round = 0; arrived < push.chain_waits && round < MOST_ROUNDS; round++) {
            if (round % ROUNDS_BETWEEN_LOOKS == ROUNDS_BETWEEN_LOOKS - 1 && chain.failed != 0) break;
            [[unroll]] for (uint poll = 0; poll < POLLS_OF_A_ROUND; poll++) {
                if (arrived < push.chain_waits) arrived = atomicAdd(chain.arrived[push.chain_link - 1], 0);
            }
        }
        if (arrived < push.chain_waits) {
            chain.failed = 1;
            ChainReport(chain.report).failed = 1;
        }
        memoryBarrierBuffer();
    }
    barrier();
}

// By all invocations of the workgroup, when they have written all that they write.
void chain_arrive() {
    if ((push.chain_low | push.chain_high) == 0) return;
    memoryBarrierBuffer();
    barrier();
    if (gl_LocalInvocationIndex == 0) {
        atomicAdd(ChainCounters(uvec2(push.chain_low, push.chain_high)).arrived[push.chain_link], 1);
    }
}

#endif
