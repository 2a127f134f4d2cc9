// Sums of COUNT values over LANES neighbouring lanes, each sum left in one lane: halving the values from step to step takes
// about COUNT shuffles, where summing each value for all lanes takes COUNT · log2(LANES). COUNT and LANES are powers of two.
//
// Value i is then owned by the lanes from i / OWNED * SHARERS on: each lane owns OWNED values, SHARERS lanes own the same.
#ifndef LANE_SUMS_GLSL
#define LANE_SUMS_GLSL
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

const uint OWNED = COUNT > LANES ? COUNT / LANES : 1;
const uint SHARERS = LANES > COUNT ? LANES / COUNT : 1;

// One step: lanes `stride` apart exchange the halves that they do not go on with.
void add_halves(inout float values[COUNT], uint lane, uint stride) {
    if (stride >= LANES) return;
    const uint count = max(COUNT * 2 * stride / LANES, 1);
    if (count == 1) {
        values[0] += subgroupShuffleXor(values[0], stride);
        return;
    }
    const bool upper = (lane & stride) != 0;
    [[unroll]] for (uint i = 0; i < count / 2; i++) {
        float kept = upper ? values[count / 2 + i] : values[i];
        float given = upper ? values[i] : values[count / 2 + i];
        values[i] = kept + subgroupShuffleXor(given, stride);
    }
}

void sum_over_lanes(inout float values[COUNT], uint lane, out float owned[OWNED]) {
    add_halves(values, lane, 32);
    add_halves(values, lane, 16);
    add_halves(values, lane, 8);
    add_halves(values, lane, 4);
    add_halves(values, lane, 2);
    add_halves(values, lane, 1);
    [[unroll]] for (uint j = 0; j < OWNED; j++) owned[j] = values[j];
}

// Index of a lane's j-th value.
uint owned_value(uint lane, uint j) {
    return lane / SHARERS * OWNED + j;
}

// What the owner of value i has for it.
float from_owner(float owned[OWNED], uint i) {
    if (LANES == 1) return owned[i];
    const uint first_lane = gl_SubgroupInvocationID / LANES * LANES;
    return subgroupShuffle(owned[i % OWNED], first_lane + i / OWNED * SHARERS);
}

#endif
