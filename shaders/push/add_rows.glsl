// Width and stride in elements; the same record as AddRowsPush in C#.
layout(push_constant) uniform Push {
    uint width;
    uint stride;     // of the rows of both
    uint firstRow;   // of the table
    uint tableRows;  // none is read beyond
} push;
