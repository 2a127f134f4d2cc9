// The sixteen levels that nibbles of IQ4_NL and IQ4_XS stand for: -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113.
#define LEVELS_0 0xBFAD9881u
#define LEVELS_4 0xF6EADDCFu
#define LEVELS_8 0x26190D01u
#define LEVELS_12 0x71594535u
#include "nibble.glsl"
