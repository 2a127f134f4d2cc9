// The same record as QuantizePush in C#.
layout(push_constant) uniform Push {
    uint kPadded;   // columns as stored, a multiple of 64
    uint columns;   // columns that hold weights, whole blocks
    uint rows;      // rows to encode
    uint firstRow;  // the first of them in the source
    uint targetRow; // and in the target
} push;
