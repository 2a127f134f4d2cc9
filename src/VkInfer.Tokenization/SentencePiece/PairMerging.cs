namespace VkInfer.Tokenization;

/// <summary>Says which neighbours may be merged, and which are merged first.</summary>
internal interface IPairRanks
{
    /// <summary>The rank of joining two neighbours; the lowest is merged first. False where they must stay apart.</summary>
    /// <param name="start">Where the left one begins.</param>
    /// <param name="middle">Where the right one begins.</param>
    /// <param name="end">Where the right one ends.</param>
    /// <param name="rank">The rank.</param>
    bool TryGetRank(int start, int middle, int end, out uint rank);
}

/// <summary>
/// Byte-pair merging in time O(n log n): again and again the neighbours with the lowest rank, and among equals the leftmost,
/// become one symbol.
/// </summary>
internal static class PairMerging
{
    /// <summary>Merges in place.</summary>
    /// <param name="lengths">
    /// For each position the length of the symbol that begins there, and 0 where none does. The symbols cover the sequence.
    /// </param>
    /// <param name="ranks">What may be merged.</param>
    public static void Merge<TRanks>(Span<int> lengths, TRanks ranks)
        where TRanks : IPairRanks, allows ref struct
    {
        int[] before = new int[lengths.Length];
        var queue = new PriorityQueue<(int Start, int Middle, int End), ulong>();
        for (int start = 0, previous = -1; start < lengths.Length; previous = start, start += lengths[start])
        {
            before[start] = previous;
            Offer(lengths, start, ranks, queue);
        }

        while (queue.TryDequeue(out (int Start, int Middle, int End) pair, out _))
        {
            (int start, int middle, int end) = pair;
            if (lengths[start] != middle - start || lengths[middle] != end - middle)
            {
                // one of the two was merged with another neighbour since
                continue;
            }

            lengths[start] = end - start;
            lengths[middle] = 0;
            if (end < lengths.Length)
            {
                before[end] = start;
                Offer(lengths, start, ranks, queue);
            }

            if (before[start] >= 0)
            {
                Offer(lengths, before[start], ranks, queue);
            }
        }
    }

    private static void Offer<TRanks>(
        ReadOnlySpan<int> lengths, int start, scoped in TRanks ranks, PriorityQueue<(int Start, int Middle, int End), ulong> queue)
        where TRanks : IPairRanks, allows ref struct
    {
        int middle = start + lengths[start];
        if (middle < lengths.Length)
        {
            int end = middle + lengths[middle];
            if (ranks.TryGetRank(start, middle, end, out uint rank))
            {
                queue.Enqueue((start, middle, end), ((ulong)rank << 32) | (uint)start);
            }
        }
    }
}
