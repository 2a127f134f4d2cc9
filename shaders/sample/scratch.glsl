// What the workgroups of a sampler tell each other, and what one dispatch leaves for the next, for each choice; SamplerScratch in
// C#. Before including: #define SCRATCH_BINDING n. Zero before the first use; `arrived`, `candidate_count` and the buckets are zero
// again after each.
#ifndef SCRATCH_GLSL
#define SCRATCH_GLSL

// Tokens of one workgroup.
const uint SLICE_SIZE = 2048;
// Fewer than 2^19 tokens.
const uint MAX_SLICES = 256;
const uint BUCKETS = 256;

struct Scratch {
    uint arrived;         // workgroups of this dispatch that are done
    uint last_bucket;     // tokens of later buckets are out
    uint total_low;       // the mass of all tokens
    uint total_high;
    uint candidate_count;
    uint unused[3];
    uint bucket_count[BUCKETS];
    uint bucket_low[BUCKETS];
    uint bucket_high[BUCKETS];
    float best_logit[MAX_SLICES];
    uint best_token[MAX_SLICES];
    uint slice_first[MAX_SLICES]; // where a slice's candidates stand
    uint slice_count[MAX_SLICES];
};

layout(set = 0, binding = SCRATCH_BINDING, std430) coherent buffer ScratchBuffer { Scratch scratches[]; };

#define scratch scratches[choice_row()]

shared bool is_last;

// Whether this workgroup is the last of its dispatch to come here: it then sees what the others wrote before.
bool last_workgroup() {
    memoryBarrierBuffer();
    barrier();
    if (gl_LocalInvocationIndex == 0) {
        is_last = atomicAdd(scratch.arrived, 1u) == gl_NumWorkGroups.x - 1u;
        if (is_last) scratch.arrived = 0u;
    }
    barrier();
    memoryBarrierBuffer();
    return is_last;
}

#endif
