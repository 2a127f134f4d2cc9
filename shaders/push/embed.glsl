// The same record as EmbedPush in C#.
layout(push_constant) uniform Push {
    uint kPadded;      // columns of the table, and of a row of the output
    uint firstId;      // index of the first token id in its buffer
    uint idStep;       // from one id to the next
    uint firstRow;     // the table's row at which this slice begins
    uint rows;         // rows of this slice
    float scale;       // of the embedding, usually 1
} push;
