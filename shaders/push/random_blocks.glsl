// The same record as RandomBlocksPush in C#.
layout(push_constant) uniform Push {
    uint words;        // 16-byte words of the slice's quants
    uint scaleWords;   // 4-byte words of its scales
    uint seed;
    uint period;       // words after which the scales repeat, at most five
    uint randomScales; // bit i: word i of a period is random, a word of quants
    uint scale0;
    uint scale1;
    uint scale2;
    uint scale3;
    uint scale4;
} push;
