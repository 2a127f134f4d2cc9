// How the cached tokens of a decode step are divided among the splits: evenly, but not below a size that pays.
const uint MIN_KEYS_PER_SPLIT = 32;

uint keys_per_split(uint kv_len) {
    return max((kv_len + p.splits - 1) / p.splits, MIN_KEYS_PER_SPLIT);
}

// Splits that have tokens; the others leave no partial result.
uint active_splits(uint kv_len) {
    uint keys = keys_per_split(kv_len);
    return (kv_len + keys - 1) / keys;
}

// Partial results: [num_heads][splits][head_dim] unnormalised outputs, then [num_heads][splits] (maximum, sum).
uint partial_output(uint head, uint split) {
    return (head * p.splits + split) * p.head_dim;
}

uint partial_softmax(uint head, uint split) {
    return p.num_heads * p.splits * p.head_dim + (head * p.splits + split) * 2;
}
