// How the visible tokens of a decode step are divided among the splits: evenly, but not below a size that pays. Before including:
// #define STEP_POSITION, CAPACITY and HEAD_BLOCKS.

// Tokens that the step attends to: [x, y).
uvec2 visible_keys() {
    uint kv_len = min(STEP_POSITION + 1, CAPACITY);
    return uvec2(push.window > 0 && push.window < kv_len ? kv_len - push.window : 0, kv_len);
}

uint keys_per_split(uvec2 visible) {
    return max((visible.y - visible.x + push.splits - 1) / push.splits, push.min_keys);
}

// Splits that have tokens; the others leave no partial result.
uint active_splits(uvec2 visible) {
    uint keys = keys_per_split(visible);
    return (visible.y - visible.x + keys - 1) / keys;
}

// Partial results [sequences][num_heads][splits][HEAD_VECTORS + 1]: the unnormalised output, then (frame, sum of weights).
uint partial_result(uint head, uint split) {
    const uint heads = gl_NumWorkGroups.x / HEAD_BLOCKS * push.group_size;
    return ((gl_WorkGroupID.z * heads + head) * push.splits + split) * (HEAD_VECTORS + 1);
}
