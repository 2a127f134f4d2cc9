// Philox 2x32 with ten rounds: random words as a function of a counter and a key. Source: Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3" (SC 2011).
#ifndef RANDOM_GLSL
#define RANDOM_GLSL

uvec2 philox(uvec2 counter, uint key) {
    for (int i = 0; i < 10; i++) {
        uint high, low;
        umulExtended(0xD256D193u, counter.x, high, low);
        counter = uvec2(high ^ key ^ counter.y, low);
        key += 0x9E3779B9u;
    }
    return counter;
}

#endif
