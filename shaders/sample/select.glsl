// What every way of choosing a token ends with: the step state moves on, and the host finds the id in the ring.
void select_token(uint token) {
    ring[state.step_index % RING_SIZE] = token;
    state.token_id = token;
    state.position++;
    state.step_index++;
}
