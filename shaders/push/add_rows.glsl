// Width and stride in elements; the same record as AddRowsPush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint stride;     // of the rows of both
    uint firstRow;   // of the table
    uint step;       // rows of the table from one row of y to the next
    uint tableRows;  // none is read beyond
} push;
