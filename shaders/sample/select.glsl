// What every way of choosing a token ends with: the step state moves on, and the host finds the id in the ring.
#ifndef SELECT_GLSL
#define SELECT_GLSL

void advance(uint ring_entry, uint token) {
    Words(choice.ring).values[state.step_index % RING_SIZE] = ring_entry;
    state.token_id = token;
    state.position++;
    state.step_index++;
}

void select_token(uint token) {
    advance(token, token);
}

// There is no token to choose: the ring says why. Steps that are under way already go on from token 0, and their tokens are dropped.
void select_none(float largest) {
    advance(largest == NOT_FINITE ? LOGITS_NOT_FINITE : NO_TOKEN_ALLOWED, 0u);
}

// Whether a row has tokens to choose from, by its largest logit.
bool is_choice(float largest) {
    return largest != NOT_FINITE && largest != EXCLUDED;
}

#endif
