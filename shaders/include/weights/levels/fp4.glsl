// The sixteen numbers of E2M1, doubled so that they are whole: 0 1 2 3 4 6 8 12, then the same with a minus sign.
#define LEVELS_0 0x03020100u
#define LEVELS_4 0x0C080604u
#define LEVELS_8 0xFDFEFF00u
#define LEVELS_12 0xF4F8FAFCu
#include "nibble.glsl"
