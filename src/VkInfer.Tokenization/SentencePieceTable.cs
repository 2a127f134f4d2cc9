namespace VkInfer.Tokenization;

/// <summary>The pieces that SentencePiece's merges may produce, with their order.</summary>
internal sealed class SentencePieceTable
{
    private readonly Dictionary<string, (int Id, uint Rank)> _pieces;
    private readonly int _longest;

    public SentencePieceTable(Vocabulary vocabulary, float[] scores)
    {
        _pieces = new Dictionary<string, (int, uint)>(vocabulary.Count, StringComparer.Ordinal);
        for (var id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Texts[id] is { } text && IsMergeable(vocabulary.Kinds[id], text))
            {
                _pieces.TryAdd(text, (id, Rank(scores[id])));
                _longest = Math.Max(_longest, text.Length);
            }
        }
    }

    public bool TryGetId(ReadOnlySpan<char> text, out int id)
    {
        var found = TryGet(text, out var piece);
        id = piece.Id;
        return found;
    }

    /// <summary>Merges text whose spaces are ▁; see <see cref="PairMerging.Merge"/> for the result.</summary>
    public int[] Merge(ReadOnlySpan<char> text)
    {
        var lengths = new int[text.Length];
        for (var i = 0; i < text.Length; i += lengths[i])
        {
            lengths[i] = char.IsHighSurrogate(text[i]) ? 2 : 1;
        }

        PairMerging.Merge(lengths, new Ranks(this, text));
        return lengths;
    }

    /// <summary>
    /// Control tokens never come out of text. A user-defined token does only where its text is not found before merging,
    /// because spaces are not ▁ yet.
    /// </summary>
    private static bool IsMergeable(TokenKind kind, string text) =>
        kind is TokenKind.Normal or TokenKind.Unused || (kind is TokenKind.UserDefined && text.Contains('\u2581'));

    /// <summary>Orders finite scores from the highest to the lowest as unsigned integers.</summary>
    private static uint Rank(float score)
    {
        var bits = BitConverter.SingleToUInt32Bits(score == 0 ? 0f : score);
        return (bits & 0x8000_0000) == 0 ? 0x7FFF_FFFF - bits : bits;
    }

    private bool TryGet(ReadOnlySpan<char> text, out (int Id, uint Rank) piece)
    {
        piece = default;
        return text.Length <= _longest && _pieces.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out piece);
    }

    private readonly ref struct Ranks(SentencePieceTable table, ReadOnlySpan<char> text) : IPairRanks
    {
        private readonly ReadOnlySpan<char> _text = text;

        public bool TryGetRank(int start, int middle, int end, out uint rank)
        {
            var found = table.TryGet(_text[start..end], out var piece);
            rank = piece.Rank;
            return found;
        }
    }
}
