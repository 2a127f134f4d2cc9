// What the formats with codebooks share; included behind the codebook_<name>.glsl of one of them. The codebook is copied to shared memory: an
// array of constants that is indexed by data is slow where it lies in memory for constants, and takes long to compile where it is inlined.
#ifndef CODEBOOK_GLSL
#define CODEBOOK_GLSL

#define W_CODEBOOK
shared uint codebook[CODEBOOK.length()];

void w_prepare() {
    for (uint i = gl_LocalInvocationIndex; i < CODEBOOK.length(); i += gl_WorkGroupSize.x) codebook[i] = CODEBOOK[i];
    barrier();
}

// A vector of the codebook: 16 bits.
uint codebook_entry(uint index) {
    return codebook[index >> 1] >> (16u * (index & 1u));
}

// Four neighbours of a vector whose elements have two bits, from the lowest bits on, one to a byte.
uint quad_of_eight(uint bits) {
    bits = (bits & 0xFFu) | ((bits & 0xFFu) << 12);
    return ((bits & 0x000F000Fu) | ((bits & 0x000F000Fu) << 6)) & 0x03030303u;
}

// The four elements of a vector whose elements have four bits, one to a byte.
uint quad_of_four(uint bits) {
    bits = (bits & 0xFFu) | ((bits & 0xFF00u) << 8);
    return (bits | (bits << 4)) & 0x0F0F0F0Fu;
}

// Four bytes from 1 to 127, those negative whose bit of the lowest four is set.
uint quad_with_signs(uint bytes, uint signs) {
    uint ones = ((signs & 15u) * 0x00204081u) & 0x01010101u;
    return (bytes ^ (ones * 255u)) + ones;
}

// Eight signs of which seven are stored: the last makes the number of minus signs even.
uint even_signs(uint seven) {
    return seven | ((uint(bitCount(seven)) & 1u) << 7);
}

#endif
