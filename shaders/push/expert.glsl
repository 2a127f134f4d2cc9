// The same record as ExpertPush in C#.
layout(push_constant) uniform Push {
    uint rows;         // of one expert's output
    uint experts;
    uint used;         // experts that a token goes to
    uint kPadded;      // columns of a matrix, and of a row of the input
    uint outputStride; // elements from one row of the output to the next
    uint columns;      // of heads: elements of the input that count, a multiple of 4
    uint inputStride;  // of heads: elements from one row of the input to the next,
    uint inputHead;    // and from one head to the next, multiples of 4
    uint outputHead;   // likewise of the output
} push;
