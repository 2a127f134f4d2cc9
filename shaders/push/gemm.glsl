// Strides and offsets in elements; the same record as GemmPush in C#.
layout(push_constant) uniform Push {
    uint seqLen;       // M: rows of A and C
    uint rows;         // N: rows of the weights in this slice, columns of C (twice as many where gate and up are multiplied)
    uint kPadded;      // K, a multiple of 64; padding is zero in both operands
    uint outputStride;
    uint outputOffset; // the slice's first column of C
    uint experts;      // GROUPED: matrices, of rows each
    uint pairsPerRow;  // GROUPED: rows of C for a row of A
} push;
