// Which keys a query attends to: those up to its own position, and with a window the last of them; where SEES_LATER, a constant of the
// shader, says so, those behind it, too, and with a window as many on either side.
#ifndef ATTENTION_MASK_GLSL
#define ATTENTION_MASK_GLSL

uint stored_keys; // of the sequence; set where SEES_LATER

bool is_visible(uint kv, uint position) {
    if (SEES_LATER) return kv < stored_keys && (push.window == 0 || max(kv, position) - min(kv, position) < push.window);
    return kv <= position && (push.window == 0 || position - kv < push.window);
}

// The first key that a query at this position, or behind it, attends to.
uint first_key(uint position) {
    return push.window == 0 || position < push.window ? 0 : position + 1 - push.window;
}

// Behind the last key that a query up to this position attends to.
uint end_of_keys(uint position) {
    if (!SEES_LATER) return position + 1;
    return push.window == 0 ? stored_keys : min(stored_keys, position + push.window);
}

#endif
