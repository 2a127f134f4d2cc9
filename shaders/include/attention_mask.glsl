// Which keys a query attends to: those up to its own position, and with a window the last of them.
#ifndef ATTENTION_MASK_GLSL
#define ATTENTION_MASK_GLSL

bool is_visible(uint kv, uint position) {
    return kv <= position && (push.window == 0 || position - kv < push.window);
}

// The first key that a query at this position, or behind it, attends to.
uint first_key(uint position) {
    return push.window == 0 || position < push.window ? 0 : position + 1 - push.window;
}

#endif
