// The matrix-vector product of a GPU: a subgroup computes ROWS rows at once and PASSES times as many in all, its lanes sharing the
// columns. It is many subgroups that keep loads in flight, not many registers. A float32 x is read from the caches; one in fixed point is
// staged in shared memory first, TILE columns at a time, in the order in which the lanes take it, while the first weights are on their way.
// The sums meet in shared memory, where an invocation finishes each item, and eight a block of the next product's input.
#ifdef INTEGER_DOT
shared uvec4 x_high[TILE / 16 + 1];
shared uvec4 x_low[TILE / 16 + 1];
shared uvec2 x_block[TILE / FIXED_BLOCK + 1]; // scale, sum
#endif

// A workgroup of 1024 invocations in subgroups of 8.
const uint MAX_SUBGROUPS = 128;
shared float group_squares[MAX_SUBGROUPS];
shared float group_sums[MAX_SLOTS];
#ifdef LEAVES_INPUT
shared float group_next[MAX_SLOTS];
shared float group_next_squares[MAX_SUBGROUPS];
#endif

#ifdef INTEGER_DOT
#define X_WORDS (W_ELEMS / 16)

// Where the part-th 16-byte word of a chunk's x lies: neighbouring lanes read neighbouring words.
uint staged_at(uint part, uint chunk) {
    return part * (TILE / W_ELEMS) + chunk;
}

// Stages the columns of the chunks from `start` on.
void stage(uint start, uint chunks) {
    for (uint i = gl_LocalInvocationIndex; i < chunks * X_WORDS; i += gl_WorkGroupSize.x) {
        const uint to = staged_at(i % X_WORDS, i / X_WORDS);
        x_high[to] = x[start * X_WORDS + i];
        x_low[to] = x[(push.stride + start) * X_WORDS + i];
    }
    const uint first = push.stride * (W_ELEMS / 4) + start * W_ELEMS / FIXED_BLOCK;
    for (uint i = gl_LocalInvocationIndex; i < chunks * W_ELEMS / FIXED_BLOCK; i += gl_WorkGroupSize.x) {
        const uvec2 block = x_blocks[first + i];
        const float weight = gemv_weight(start + i * (FIXED_BLOCK / W_ELEMS));
        x_block[i] = uvec2(floatBitsToUint(uintBitsToFloat(block.x) * weight), block.y);
    }
}

float x_dot(uint tile, uint chunk, WRaw raw) {
    uvec4 high[X_WORDS];
    uvec4 low[X_WORDS];
    [[unroll]] for (uint i = 0; i < X_WORDS; i++) {
        high[i] = x_high[staged_at(i, chunk)];
        low[i] = x_low[staged_at(i, chunk)];
    }
    const uvec2 block = x_block[chunk * W_ELEMS / FIXED_BLOCK];
    return w_dot_fixed(raw, high, low, int(block.y)) * uintBitsToFloat(block.x);
}
#else
float x_dot(uint tile, uint chunk, WRaw raw) {
    vec4 piece[X_VECTORS];
    [[unroll]] for (uint i = 0; i < X_VECTORS; i++) piece[i] = x[(tile + chunk) * X_VECTORS + i];
    return w_dot(raw, piece) * gemv_weight(tile + chunk);
}
#endif

// This invocation's share of x's squares.
float own_squares() {
    float own = gl_LocalInvocationIndex < push.squares ? squares[gl_LocalInvocationIndex] : 0.0;
    for (uint i = gl_LocalInvocationIndex + gl_WorkGroupSize.x; i < push.squares; i += gl_WorkGroupSize.x) own += squares[i];
    return own;
}

// The first slot of a unit's pass, counted within its block.
uint slot_in_block(uint pass) {
    return (pass * gl_NumSubgroups + gl_SubgroupID) * ROWS;
}

// The first chunks of a pass' rows.
void find_rows(uint first, out uint base[ROWS]) {
    [[unroll]] for (uint r = 0; r < ROWS; r++) base[r] = gemv_row(min(first + r, push.slots - 1)) * gemv_row_chunks();
}

void fetch_batch(uint first, uint base[ROWS], uint start, out WRaw raw[UNROLL][ROWS]) {
    [[unroll]] for (uint u = 0; u < UNROLL; u++) {
        const uint chunk = gemv_chunk(min(start + u * gl_SubgroupSize + gl_SubgroupInvocationID, push.stride - 1));
        [[unroll]] for (uint r = 0; r < ROWS; r++) raw[u][r] = gemv_fetch(ROWS % 2 == 0 ? r : first + r, base[r] + chunk);
    }
}

#ifdef LEAVES_INPUT
// Leaves the next product what its items do not leave one by one.
void leave_block(uint block, uint first, uint items, float own) {
    if (NEXT == NEXT_NONE || NEXT == NEXT_FLOAT) return;
    own = subgroupAdd(own);
    if (subgroupElect()) group_next_squares[gl_SubgroupID] = own;
    barrier();
    if (NEXT_NORM && gl_LocalInvocationIndex == 0) {
        float sum = 0.0;
        for (uint s = 0; s < gl_NumSubgroups; s++) sum += group_next_squares[s];
        next_squares[push.first_square + block] = sum;
    }
    if (!NEXT_IS_FIXED) return;
    for (uint start = 0; start < items / 4; start += gl_WorkGroupSize.x) {
        const uint i = start + gl_LocalInvocationIndex;
        const uint at = 4 * min(i, items / 4 - 1);
        const uint vector = (push.first_row + first) / 4 + i;
        fixed_store(
            push.next_columns, vector, vec4(group_next[at], group_next[at + 1], group_next[at + 2], group_next[at + 3]),
            i < items / 4 && 4 * vector < push.next_columns);
    }
}
#endif

// An item's first slot; the last item's where there is none.
uint slot_of(uint block, uint items, uint item) {
    return min((block * items + item) * SLOTS_PER_ITEM, push.slots - SLOTS_PER_ITEM);
}

// Finishes the items of a block whose sums are in shared memory.
void finish_block(uint block) {
    const uint items = gl_NumSubgroups * ROWS * PASSES / SLOTS_PER_ITEM;
    const uint first = block * items;
    float scale = 1.0;
    if (SCALED) {
        float sum = 0.0;
        for (uint s = 0; s < gl_NumSubgroups; s++) sum += group_squares[s];
        scale = norm_scale(sum);
    }
    float own = 0.0;
    for (uint item = gl_LocalInvocationIndex; item < items; item += gl_WorkGroupSize.x) {
        const uint slot = (first + item) * SLOTS_PER_ITEM;
        if (item >= gl_WorkGroupSize.x) gemv_prepare(slot_of(block, items, item));
        float value = 0.0;
        if (slot < push.slots) {
            float sums[SLOTS_PER_ITEM];
            [[unroll]] for (uint i = 0; i < SLOTS_PER_ITEM; i++) sums[i] = group_sums[item * SLOTS_PER_ITEM + i] * scale;
            value = gemv_finish(slot, sums);
        }
#ifdef LEAVES_INPUT
        if (slot < push.slots) own += next_element(first + item, value);
        if (NEXT_IS_FIXED) group_next[item] = NEXT_NORM && slot < push.slots ? value * own_gain : value;
#endif
    }
#ifdef LEAVES_INPUT
    leave_block(block, first, items, own);
#endif
}

// The squares of x are summed beside the products.
void share_squares(float own) {
    own = subgroupAdd(own);
    if (subgroupElect()) group_squares[gl_SubgroupID] = own;
}

void gemv_shared() {
#ifdef INTEGER_DOT
    const uint chunks_per_tile = TILE / W_ELEMS;
#else
    const uint chunks_per_tile = push.stride;
#endif
    const uint step = UNROLL * gl_SubgroupSize;
    const uint group_slots = gl_NumSubgroups * ROWS * PASSES;
    const uint items = group_slots / SLOTS_PER_ITEM;
    for (uint block = gl_WorkGroupID.x; block * group_slots < push.slots; block += gl_NumWorkGroups.x) {
        float sums[PASSES * ROWS];
        [[unroll]] for (uint i = 0; i < PASSES * ROWS; i++) sums[i] = 0.0;
        float own = 0.0;
        for (uint tile = 0; tile < push.stride; tile += chunks_per_tile) {
            const uint chunks = min(chunks_per_tile, push.stride - tile);
            uint first = block * group_slots + slot_in_block(0);
            uint base[ROWS];
            WRaw raw[UNROLL][ROWS];
#ifdef IN_CHAINS
            const bool waits = tile == 0 && block == gl_WorkGroupID.x;
            // Which weights experts have, only the dispatches before say.
            if (EXPERTS > 0 && waits) chain_wait();
#endif
            find_rows(first, base);
            fetch_batch(first, base, tile, raw);
#ifdef IN_CHAINS
            if (EXPERTS == 0 && waits) chain_wait();
#endif
            if (SCALED && tile == 0) own = own_squares();
            if (tile == 0 && gl_LocalInvocationIndex < items) gemv_prepare(slot_of(block, items, gl_LocalInvocationIndex));
#ifdef INTEGER_DOT
            barrier(); // the tile before has been used
            stage(tile, chunks);
            barrier();
#endif
            [[unroll]] for (uint pass = 0; pass < PASSES; pass++) {
                for (uint start = 0; start < chunks; start += step) {
                    if (start > 0) fetch_batch(first, base, tile + start, raw);
                    [[unroll]] for (uint u = 0; u < UNROLL; u++) {
                        const uint chunk = start + u * gl_SubgroupSize + gl_SubgroupInvocationID;
                        if (chunk < chunks) {
                            [[unroll]] for (uint r = 0; r < ROWS; r++) sums[pass * ROWS + r] += x_dot(tile, chunk, raw[u][r]);
                        }
                    }
                }
                if (pass + 1 < PASSES) {
                    first = block * group_slots + slot_in_block(pass + 1);
                    find_rows(first, base);
                    fetch_batch(first, base, tile, raw);
                }
            }
        }
        if (block != gl_WorkGroupID.x) barrier(); // the sums of the block before have been used
        if (SCALED) share_squares(own);
        [[unroll]] for (uint pass = 0; pass < PASSES; pass++) {
            [[unroll]] for (uint r = 0; r < ROWS; r++) {
                const float sum = subgroupAdd(sums[pass * ROWS + r]);
                if (subgroupElect()) group_sums[slot_in_block(pass) + r] = sum;
            }
        }
        barrier();
        finish_block(block);
    }
}
