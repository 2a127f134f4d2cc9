// The matrix-vector product of a GPU: a subgroup computes ROWS rows, its lanes sharing the columns, and the workgroup stages
// x in shared memory first, so that the norm's gain and moments are taken once for all its rows. The first weights of a tile
// are on their way while x is staged, and the next ones while the ones before are multiplied.
//
// INTEGER_DOT: x is staged as fixed point, 16 bits and a scale per block of 32 columns, in two bytes (256 high + low), so that
// four weights of a block format are multiplied by one integer dot product for each byte. An element is rounded to 1/65 278 of
// the largest of its block, finer than float16 keeps the larger half of them; sums of a block are exact.
#extension GL_KHR_shader_subgroup_shuffle : require

#ifdef INTEGER_DOT
const uint BLOCK = 32;
const float FIXED_MAX = 32639.0; // 256 * 127 + 127

shared uvec4 x_high[TILE / 16 + 1];
shared uvec4 x_low[TILE / 16 + 1];
shared float x_scale[TILE / BLOCK + 1];
shared int x_sum[TILE / BLOCK + 1]; // of the block's fixed-point numbers, for formats whose weights have an offset
#else
shared vec4 x_tile[TILE / 4 + 1];
#endif

// A workgroup of 1024 invocations in subgroups of 8.
const uint MAX_SUBGROUPS = 128;
shared vec2 tile_moments[MAX_SUBGROUPS];

// Where the part-th 16-byte word of a chunk's x lies: neighbouring lanes read neighbouring words.
uint staged_at(uint part, uint chunk) {
    return part * (TILE / W_ELEMS) + chunk;
}

#ifdef INTEGER_DOT
// Eight neighbouring invocations hold a block.
float block_max(float value) {
    [[unroll]] for (uint step = 1; step < 8; step *= 2) value = max(value, subgroupShuffleXor(value, step));
    return value;
}

int block_sum(int value) {
    [[unroll]] for (uint step = 1; step < 8; step *= 2) value += subgroupShuffleXor(value, step);
    return value;
}

void stage_vector(uint vector, vec4 value) {
    float largest = block_max(max(max(abs(value.x), abs(value.y)), max(abs(value.z), abs(value.w))));
    ivec4 fixed_point = ivec4(roundEven(value * (largest > 0.0 ? FIXED_MAX / largest : 0.0)));
    int sum = block_sum(fixed_point.x + fixed_point.y + fixed_point.z + fixed_point.w);
    ivec4 high = (fixed_point + 128) >> 8;
    ivec4 low = fixed_point - (high << 8);
    uvec4 h = uvec4(high) & 0xFFu;
    uvec4 l = uvec4(low) & 0xFFu;
    uint at = staged_at(vector / 4 % (W_ELEMS / 16), vector / (W_ELEMS / 4));
    x_high[at][vector % 4] = h.x | h.y << 8 | h.z << 16 | h.w << 24;
    x_low[at][vector % 4] = l.x | l.y << 8 | l.z << 16 | l.w << 24;
    if (vector % 8 == 0) {
        x_scale[vector / 8] = largest / FIXED_MAX;
        x_sum[vector / 8] = sum;
    }
}

float staged_dot(uint chunk, WRaw raw) {
    uvec4 high[W_ELEMS / 16];
    uvec4 low[W_ELEMS / 16];
    [[unroll]] for (uint i = 0; i < W_ELEMS / 16; i++) {
        high[i] = x_high[staged_at(i, chunk)];
        low[i] = x_low[staged_at(i, chunk)];
    }
    uint block = chunk * W_ELEMS / BLOCK;
    return w_dot_fixed(raw, high, low, x_sum[block]) * x_scale[block];
}
#else
void stage_vector(uint vector, vec4 value) {
    x_tile[staged_at(vector % X_VECTORS, vector / X_VECTORS)] = value;
}

float staged_dot(uint chunk, WRaw raw) {
    vec4 piece[X_VECTORS];
    [[unroll]] for (uint i = 0; i < X_VECTORS; i++) piece[i] = x_tile[staged_at(i, chunk)];
    return w_dot(raw, piece);
}
#endif

// Stages the columns of the chunks from `start` on; `moments` grows by what they add, over the whole workgroup.
void stage(uint start, uint chunks, inout vec2 moments) {
    vec2 own = vec2(0.0);
    barrier(); // the tile before has been used
    // Columns are padded to whole blocks, which are in or out together.
    for (uint i = gl_LocalInvocationIndex; i < chunks * X_VECTORS; i += gl_WorkGroupSize.x) {
        stage_vector(i, gemv_input(start * X_VECTORS + i, own));
    }
    if (NORM != NORM_NONE) {
        own = subgroupAdd(own);
        if (subgroupElect()) tile_moments[gl_SubgroupID] = own;
    }
    barrier();
    if (NORM != NORM_NONE) {
        for (uint s = 0; s < gl_NumSubgroups; s++) moments += tile_moments[s];
    }
}

void fetch_batch(uint base[ROWS], uint start, out WRaw raw[UNROLL][ROWS]) {
    [[unroll]] for (uint u = 0; u < UNROLL; u++) {
        uint chunk = min(start + u * gl_SubgroupSize + gl_SubgroupInvocationID, push.stride - 1);
        [[unroll]] for (uint r = 0; r < ROWS; r++) raw[u][r] = gemv_fetch(r, base[r] + chunk);
    }
}

void gemv_staged() {
    const uint chunks_per_tile = TILE / W_ELEMS;
    const uint step = UNROLL * gl_SubgroupSize;
    const uint slots_per_group = gl_NumSubgroups * ROWS;
    for (uint block = gl_WorkGroupID.x * slots_per_group; block < push.slots; block += gl_NumWorkGroups.x * slots_per_group) {
        const uint first = block + gl_SubgroupID * ROWS;
        uint base[ROWS];
        float sums[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            base[r] = gemv_row(min(first + r, push.slots - 1)) * push.stride;
            sums[r] = 0.0;
        }
        vec2 moments = vec2(0.0);
        for (uint tile = 0; tile < push.stride; tile += chunks_per_tile) {
            const uint chunks = min(chunks_per_tile, push.stride - tile);
            WRaw now[UNROLL][ROWS];
            fetch_batch(base, tile, now);
            stage(tile, chunks, moments);
            for (uint start = 0; start < chunks; start += step) {
                WRaw next[UNROLL][ROWS];
                if (start + step < chunks) fetch_batch(base, tile + start + step, next);
                [[unroll]] for (uint u = 0; u < UNROLL; u++) {
                    uint chunk = start + u * gl_SubgroupSize + gl_SubgroupInvocationID;
                    if (chunk < chunks) {
                        [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] += staged_dot(chunk, now[u][r]);
                    }
                }
                [[unroll]] for (uint u = 0; u < UNROLL; u++) {
                    [[unroll]] for (uint r = 0; r < ROWS; r++) now[u][r] = next[u][r];
                }
            }
        }
        [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r] = subgroupAdd(sums[r]);
        gemv_normalise(moments, sums);
        if (first < push.slots && subgroupElect()) gemv_finish(first, sums);
    }
}
