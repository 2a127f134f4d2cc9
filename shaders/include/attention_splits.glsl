// How the visible tokens of a row are divided among the splits: evenly, in whole pages, but not below a size that pays. Before including:
// #define POSITION, CAPACITY, HEADS and HEAD_BLOCKS; HEADS_TOGETHER where a workgroup's heads always share its splits.

// Tokens that the row attends to: [x, y).
uvec2 visible_keys() {
    uint kv_len = min(POSITION + 1, CAPACITY);
    return uvec2(push.window > 0 && push.window < kv_len ? kv_len - push.window : 0, kv_len);
}

// Where the first split begins: with a page, perhaps before the first visible token.
uint first_split(uvec2 visible) {
    return visible.x / PAGE_TOKENS * PAGE_TOKENS;
}

// Behind few tokens, the heads of a workgroup one after another take longest: workgroups that would have no split take a head each instead.
// They compute the others' scores for nothing, so that a split must not have many keys.
const uint MOST_KEYS_APART = 512;

bool heads_are_apart(uvec2 visible) {
#ifdef HEADS_TOGETHER
    return false;
#else
    return HEADS > 1 && visible.y - first_split(visible) <= push.splits / HEADS * MOST_KEYS_APART;
#endif
}

uint keys_per_split(uvec2 visible) {
    const uint splits = heads_are_apart(visible) ? push.splits / HEADS : push.splits;
    uint keys = max((visible.y - first_split(visible) + splits - 1) / splits, push.min_keys);
    return (keys + PAGE_TOKENS - 1) / PAGE_TOKENS * PAGE_TOKENS;
}

// Splits that have tokens; the others leave no partial result.
uint active_splits(uvec2 visible) {
    uint keys = keys_per_split(visible);
    return (visible.y - first_split(visible) + keys - 1) / keys;
}

// Partial results [rows][num_heads][splits][HEAD_VECTORS + 1]: the unnormalised output, then (frame, sum of weights).
uint partial_result(uint head, uint split) {
    const uint heads = gl_NumWorkGroups.x / HEAD_BLOCKS * push.group_size;
    return ((gl_WorkGroupID.z * heads + head) * push.splits + split) * (HEAD_VECTORS + 1);
}
