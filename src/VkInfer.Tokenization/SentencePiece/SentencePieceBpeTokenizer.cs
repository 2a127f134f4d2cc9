namespace VkInfer.Tokenization;

/// <summary>
/// SentencePiece's BPE (Llama 1 and 2, Mistral, Phi-3): spaces are ▁, pairs are merged by score, and characters that are
/// not in the vocabulary become their UTF-8 bytes, or one unknown token per run where the vocabulary has no bytes.
/// </summary>
internal sealed class SentencePieceBpeTokenizer : SentencePieceTokenizer
{
    private readonly SentencePieceTable _pieces;

    private SentencePieceBpeTokenizer(TokenizerData data, Vocabulary vocabulary)
        : base(data, vocabulary, addBosByDefault: true, removesExtraWhitespaces: false)
    {
        _pieces = new SentencePieceTable(vocabulary, SentencePieceVocabulary.CheckScores(data.Scores, vocabulary.Count));
    }

    public static SentencePieceBpeTokenizer Build(TokenizerData data) => new(data, new Vocabulary(data));

    private protected override List<(Range Range, int Id)> Cut(string normalized)
    {
        int[] lengths = _pieces.Merge(normalized, UserDefined);
        var pieces = new List<(Range, int)>();
        for (int start = 0; start < normalized.Length; start += lengths[start])
        {
            ReadOnlySpan<char> piece = normalized.AsSpan(start, lengths[start]);
            int id = UserDefined.TryGetWhole(piece, out int symbol) ? symbol : _pieces.TryGetId(piece, out int found) ? found : -1;
            pieces.Add((start..(start + lengths[start]), id));
        }

        return pieces;
    }
}
