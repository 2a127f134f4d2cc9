namespace VkInfer.Tokenization;

/// <summary>The merges of byte-pair encoding, and merging by them. Immutable and thread-safe.</summary>
internal sealed class MergeTable
{
    /// <summary>Words of up to so many symbols are merged by looking through them; longer ones with a queue.</summary>
    private const int ShortWord = 32;

    /// <summary>An odd number that no file knows, so that none can choose pairs whose keys collide.</summary>
    private static readonly ulong Mix = (ulong)Random.Shared.NextInt64() | 1;

    private readonly Dictionary<ulong, (uint Rank, int Joined, bool MakesControl)> _merges;

    /// <summary>Takes merges as GGUF writes them: "left right".</summary>
    public MergeTable(Vocabulary vocabulary, IReadOnlyList<string> merges)
        : this(merges.Count)
    {
        for (int rank = 0; rank < merges.Count; rank++)
        {
            string? merge = merges[rank];
            int space = merge is { Length: >= 3 } ? merge.IndexOf(' ', 1) : -1;
            if (space < 0 || space == merge!.Length - 1)
            {
                throw new TokenizerException(
                    Field(rank), "two token texts with a space between them", merge is null ? "null" : TokenizerException.Show(merge));
            }

            if (!TryAdd(vocabulary, merge.AsSpan(0, space), merge.AsSpan(space + 1), rank, replaces: false))
            {
                throw new TokenizerException(
                    Field(rank), "a pair that is not in the list before", TokenizerException.Show(merge) + " again");
            }
        }
    }

    /// <summary>Takes merges as pairs; of a pair that is there twice the last rank counts, as for Hugging Face.</summary>
    public MergeTable(Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges)
        : this(merges.Count)
    {
        for (int rank = 0; rank < merges.Count; rank++)
        {
            TryAdd(vocabulary, merges[rank].Left, merges[rank].Right, rank, replaces: true);
        }
    }

    private MergeTable(int count)
    {
        TokenizerLimits.CheckCount(nameof(TokenizerData.Merges), count, TokenizerLimits.MaxMerges);
        _merges = new Dictionary<ulong, (uint, int, bool)>(count);
    }

    /// <summary>Merges symbols in place: again and again the neighbours with the lowest rank, and among equals the leftmost.</summary>
    /// <param name="symbols">Token ids; negative ones are merged with nothing.</param>
    /// <param name="isTrusted">Whether control tokens may come out of the text.</param>
    /// <returns>The symbols that are left.</returns>
    public Span<int> Merge(Span<int> symbols, bool isTrusted = false) =>
        symbols.Length <= ShortWord ? MergeShort(symbols, isTrusted) : MergeLong(symbols, isTrusted);

    private Span<int> MergeShort(Span<int> symbols, bool isTrusted)
    {
        Span<uint> ranks = stackalloc uint[ShortWord];
        Span<int> joined = stackalloc int[ShortWord];
        for (int i = 0; i + 1 < symbols.Length; i++)
        {
            (ranks[i], joined[i]) = Find(symbols[i], symbols[i + 1], isTrusted);
        }

        int count = symbols.Length;
        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                best = ranks[i] < ranks[best] ? i : best;
            }

            if (ranks[best] == uint.MaxValue)
            {
                break;
            }

            symbols[best] = joined[best];
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            if (best + 2 < count)
            {
                ranks[(best + 2)..(count - 1)].CopyTo(ranks[(best + 1)..]);
                joined[(best + 2)..(count - 1)].CopyTo(joined[(best + 1)..]);
            }

            count--;
            if (best > 0)
            {
                (ranks[best - 1], joined[best - 1]) = Find(symbols[best - 1], symbols[best], isTrusted);
            }

            if (best + 1 < count)
            {
                (ranks[best], joined[best]) = Find(symbols[best], symbols[best + 1], isTrusted);
            }
        }

        return symbols[..count];
    }

    /// <summary>In time O(n log n).</summary>
    private Span<int> MergeLong(Span<int> symbols, bool isTrusted)
    {
        // For each symbol where its neighbours stand; a symbol that went has no next one.
        int[] next = new int[symbols.Length];
        int[] before = new int[symbols.Length];
        var queue = new PriorityQueue<(int At, int Joined), ulong>(symbols.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            (before[i], next[i]) = (i - 1, i + 1);
        }

        for (int i = 0; i + 1 < symbols.Length; i++)
        {
            Offer(symbols, next, i, queue, isTrusted);
        }

        while (queue.TryDequeue(out (int At, int Joined) merge, out _))
        {
            int at = merge.At;
            int right = next[at];
            if (right < 0 || right >= symbols.Length || Find(symbols[at], symbols[right], isTrusted).Joined != merge.Joined)
            {
                continue; // One of the two was merged with another neighbour since.
            }

            symbols[at] = merge.Joined;
            (next[at], next[right]) = (next[right], -1);
            if (next[at] < symbols.Length)
            {
                before[next[at]] = at;
                Offer(symbols, next, at, queue, isTrusted);
            }

            if (before[at] >= 0)
            {
                Offer(symbols, next, before[at], queue, isTrusted);
            }
        }

        int count = 0;
        for (int at = 0; at < symbols.Length; at = next[at])
        {
            symbols[count++] = symbols[at];
        }

        return symbols[..count];
    }

    private void Offer(ReadOnlySpan<int> symbols, int[] next, int at, PriorityQueue<(int At, int Joined), ulong> queue, bool isTrusted)
    {
        (uint rank, int joined) = Find(symbols[at], symbols[next[at]], isTrusted);
        if (rank != uint.MaxValue)
        {
            queue.Enqueue((at, joined), ((ulong)rank << 32) | (uint)at);
        }
    }

    /// <summary>The rank of a pair and what it becomes; the highest rank and -1 where it stays apart.</summary>
    private (uint Rank, int Joined) Find(int left, int right, bool isTrusted) =>
        left >= 0 && right >= 0 && _merges.TryGetValue(Key(left, right), out (uint Rank, int Joined, bool MakesControl) merge)
        && (isTrusted || !merge.MakesControl)
            ? (merge.Rank, merge.Joined)
            : (uint.MaxValue, -1);

    /// <summary>Adds a pair.</summary>
    private bool TryAdd(Vocabulary vocabulary, ReadOnlySpan<char> left, ReadOnlySpan<char> right, int rank, bool replaces)
    {
        Span<char> both = left.Length + right.Length <= 256
            ? stackalloc char[left.Length + right.Length]
            : new char[left.Length + right.Length];
        left.CopyTo(both);
        right.CopyTo(both[left.Length..]);
        ulong key = Key(Id(vocabulary, left, left, right, rank), Id(vocabulary, right, left, right, rank));
        int joined = Id(vocabulary, both, left, right, rank);
        bool makesControl = vocabulary.Kinds[joined] == TokenKind.Control;
        if (replaces)
        {
            _merges[key] = ((uint)rank, joined, makesControl);
            return true;
        }

        return _merges.TryAdd(key, ((uint)rank, joined, makesControl)) || makesControl;
    }

    private static int Id(Vocabulary vocabulary, ReadOnlySpan<char> text, ReadOnlySpan<char> left, ReadOnlySpan<char> right, int rank) =>
        vocabulary.TryGetId(text, out int id)
            ? id
            : throw new TokenizerException(
                Field(rank),
                "two tokens which joined are a token",
                $"{TokenizerException.Show($"{left} {right}")}: {TokenizerException.Show(text.ToString())} is not in the vocabulary");

    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) * Mix;

    private static string Field(int rank) => $"{nameof(TokenizerData.Merges)}[{rank}]";
}
