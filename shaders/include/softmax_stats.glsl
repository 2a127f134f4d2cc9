// What the asynchronized softmax counts; SoftmaxStats in C#. Before including: #define SOFTMAX_STATS_BINDING n, or for rows of many
// sequences include rows.glsl.
#ifndef SOFTMAX_STATS_GLSL
#define SOFTMAX_STATS_GLSL

// 64-bit counters in two halves, of rows and of rows computed anew.
#ifdef ROWS_GLSL
layout(buffer_reference, std430, buffer_reference_align = 16) coherent buffer SoftmaxStats { uint low[2]; uint high[2]; };
#define stats_low SoftmaxStats(sequence.softmax_stats).low
#define stats_high SoftmaxStats(sequence.softmax_stats).high
#else
layout(set = 0, binding = SOFTMAX_STATS_BINDING) coherent buffer SoftmaxStatsBuffer { uint stats_low[2]; uint stats_high[2]; };
#endif

void count_64(uint index, uint count) {
    if (count > 0 && atomicAdd(stats_low[index], count) > 0xFFFFFFFFu - count) atomicAdd(stats_high[index], 1);
}

// By one invocation of a workgroup.
void count_rows(uint rows, uint recomputed) {
    count_64(0, rows);
    count_64(1, recomputed);
}

#endif
