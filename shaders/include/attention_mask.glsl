// Which keys a query of a prefill attends to: those up to its own position, and with a window the last of them.
#ifndef ATTENTION_MASK_GLSL
#define ATTENTION_MASK_GLSL

bool is_visible(uint kv, uint position) {
    return kv <= position && (push.window == 0 || position - kv < push.window);
}

// The first key that any query from first_q on attends to.
uint first_key(uint first_q) {
    uint seen = push.startPosition + first_q + 1;
    return push.window == 0 || seen <= push.window ? 0 : seen - push.window;
}

#endif
