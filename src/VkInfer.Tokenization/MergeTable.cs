namespace VkInfer.Tokenization;

/// <summary>
/// The merges of byte-level BPE, and merging by them. Microsoft.ML.Tokenizers, which does the ordinary words, takes quadratic
/// time in the length of a word (1.5 s for 100 000 letters) and merges across bytes that have no token; words with which it
/// would do so come here.
/// </summary>
internal sealed class MergeTable
{
    private readonly Vocabulary _vocabulary;
    private readonly int? _unknownId;
    private readonly Dictionary<(int Left, int Right), uint> _ranks;

    /// <summary>Takes merges as GGUF writes them: "left right".</summary>
    public MergeTable(Vocabulary vocabulary, IReadOnlyList<string> merges, int? unknownId)
        : this(vocabulary, merges.Count, unknownId)
    {
        for (var rank = 0; rank < merges.Count; rank++)
        {
            if (!TryAdd(Parse(vocabulary, merges[rank], rank), rank))
            {
                throw new TokenizerException(
                    Field(rank), "a pair that is not in the list before", TokenizerException.Show(merges[rank]) + " again");
            }
        }
    }

    /// <summary>Takes merges as pairs; of a pair that is there twice the last rank counts, as for Hugging Face.</summary>
    public MergeTable(Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges)
        : this(vocabulary, merges.Count, null)
    {
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            var merge = Find(vocabulary, left, right, rank);
            _ranks.Remove(merge.Pair);
            TryAdd(merge, rank);
        }
    }

    private MergeTable(Vocabulary vocabulary, int count, int? unknownId)
    {
        _vocabulary = vocabulary;
        _unknownId = unknownId;
        _ranks = new Dictionary<(int, int), uint>(count);
        HasAllBytes = Enumerable.Range(0, 256).All(value => vocabulary.TryGetId([ByteLevelAlphabet.ToChar((byte)value)], out _));
    }

    /// <summary>Whether merges are left out because they make a control token, which never comes out of text.</summary>
    public bool LeavesOutMerges { get; private set; }

    /// <summary>Whether every byte has a token, so that every text can be expressed.</summary>
    public bool HasAllBytes { get; }

    /// <summary>Encodes the UTF-8 bytes of one word. Bytes without a token become the unknown token, or nothing without one.</summary>
    public void Encode(ReadOnlySpan<byte> word, List<int> ids)
    {
        var chars = new char[word.Length];
        for (var i = 0; i < chars.Length; i++)
        {
            chars[i] = ByteLevelAlphabet.ToChar(word[i]);
        }

        var lengths = new int[chars.Length];
        Array.Fill(lengths, 1);
        Merge(chars, lengths);
        for (var start = 0; start < chars.Length; start += lengths[start])
        {
            if (_vocabulary.TryGetId(chars.AsSpan(start, lengths[start]), out var id))
            {
                ids.Add(id);
            }
            else if (_unknownId is { } unknown)
            {
                ids.Add(unknown);
            }
        }
    }

    /// <summary>Merges symbols of a text in place; see <see cref="PairMerging.Merge"/> for the lengths.</summary>
    public void Merge(ReadOnlySpan<char> text, Span<int> lengths) => PairMerging.Merge(lengths, new Ranks(this, text));

    private bool TryAdd(((int Left, int Right) Pair, int Joined) merge, int rank)
    {
        var isControl = _vocabulary.Kinds[merge.Joined] == TokenKind.Control;
        LeavesOutMerges |= isControl;
        return isControl || _ranks.TryAdd(merge.Pair, (uint)rank);
    }

    private static ((int Left, int Right) Pair, int Joined) Parse(Vocabulary vocabulary, string? merge, int rank)
    {
        var space = merge is { Length: >= 3 } ? merge.IndexOf(' ', 1) : -1;
        if (merge is null || space < 0 || space == merge.Length - 1)
        {
            throw new TokenizerException(
                Field(rank), "two token texts with a space between them", merge is null ? "null" : TokenizerException.Show(merge));
        }

        return Find(vocabulary, merge[..space], merge[(space + 1)..], rank);
    }

    private static ((int Left, int Right) Pair, int Joined) Find(Vocabulary vocabulary, string left, string right, int rank)
    {
        return ((Id(left), Id(right)), Id(left + right));

        int Id(string text) => vocabulary.TryGetId(text, out var id)
            ? id
            : throw new TokenizerException(
                Field(rank),
                "two tokens which joined are a token",
                $"{TokenizerException.Show($"{left} {right}")}: {TokenizerException.Show(text)} is not in the vocabulary");
    }

    private static string Field(int rank) => $"{nameof(TokenizerData.Merges)}[{rank}]";

    private readonly ref struct Ranks(MergeTable table, ReadOnlySpan<char> text) : IPairRanks
    {
        private readonly ReadOnlySpan<char> _text = text;

        public bool TryGetRank(int start, int middle, int end, out uint rank)
        {
            rank = 0;
            return table._vocabulary.TryGetId(_text[start..middle], out var left)
                && table._vocabulary.TryGetId(_text[middle..end], out var right)
                && table._ranks.TryGetValue((left, right), out rank);
        }
    }
}
