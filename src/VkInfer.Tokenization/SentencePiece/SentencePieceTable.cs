namespace VkInfer.Tokenization;

/// <summary>The pieces that SentencePiece's merges may produce, with their order.</summary>
internal sealed class SentencePieceTable
{
    private readonly Dictionary<string, (int Id, uint Rank)> _pieces;
    private readonly int _longest;

    public SentencePieceTable(Vocabulary vocabulary, float[] scores)
    {
        _pieces = new Dictionary<string, (int, uint)>(vocabulary.Count, StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Texts[id] is { } text && IsMergeable(vocabulary.Kinds[id]))
            {
                _pieces.TryAdd(text, (id, Rank(scores[id])));
                _longest = Math.Max(_longest, text.Length);
            }
        }
    }

    public bool TryGetId(ReadOnlySpan<char> text, out int id)
    {
        bool found = TryGet(text, out (int Id, uint Rank) piece);
        id = piece.Id;
        return found;
    }

    /// <summary>Merges text whose spaces are ▁; see <see cref="PairMerging.Merge"/> for the result. Symbols stay as they are.</summary>
    public int[] Merge(ReadOnlySpan<char> text, UserDefinedSymbols symbols)
    {
        int[] lengths = new int[text.Length];
        var frozen = new HashSet<int>();
        for (int i = 0; i < text.Length; i += lengths[i])
        {
            lengths[i] = symbols.LengthAt(text[i..]);
            if (lengths[i] > 0)
            {
                frozen.Add(i);
            }
            else
            {
                lengths[i] = char.IsHighSurrogate(text[i]) ? 2 : 1;
            }
        }

        PairMerging.Merge(lengths, new Ranks(this, text, frozen));
        return lengths;
    }

    /// <summary>Control and user-defined tokens never come out of merging.</summary>
    private static bool IsMergeable(TokenKind kind) => kind is TokenKind.Normal or TokenKind.Unused;

    /// <summary>Orders finite scores from the highest to the lowest as unsigned integers.</summary>
    private static uint Rank(float score)
    {
        uint bits = BitConverter.SingleToUInt32Bits(score == 0 ? 0f : score);
        return (bits & 0x8000_0000) == 0 ? 0x7FFF_FFFF - bits : bits;
    }

    private bool TryGet(ReadOnlySpan<char> text, out (int Id, uint Rank) piece)
    {
        piece = default;
        return text.Length <= _longest && _pieces.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out piece);
    }

    private readonly ref struct Ranks(SentencePieceTable table, ReadOnlySpan<char> text, HashSet<int> frozen) : IPairRanks
    {
        private readonly ReadOnlySpan<char> _text = text;

        public bool TryGetRank(int start, int middle, int end, out uint rank)
        {
            rank = 0;
            if (frozen.Count > 0 && (frozen.Contains(start) || frozen.Contains(middle)))
            {
                return false;
            }

            bool found = table.TryGet(_text[start..end], out (int Id, uint Rank) piece);
            rank = piece.Rank;
            return found;
        }
    }
}
