namespace VkInfer.Tokenization;

/// <summary>
/// SentencePiece's unigram model (T5, XLNet): spaces are ▁, and what has no piece becomes its bytes or the unknown token.
/// </summary>
internal sealed class UnigramTokenizer : SentencePieceTokenizer
{
    private readonly UnigramModel _model;

    private UnigramTokenizer(TokenizerData data, Vocabulary vocabulary)
        : base(data, vocabulary, addBosByDefault: false, removesExtraWhitespaces: true)
    {
        float[] scores = SentencePieceVocabulary.CheckScores(data.Scores, vocabulary.Count);
        _model = UnigramModel.OfSentencePiece(vocabulary, scores);
    }

    public static UnigramTokenizer Build(TokenizerData data) => new(data, new Vocabulary(data));

    private protected override List<(Range Range, int Id)> Cut(string normalized) => _model.Encode(normalized);
}
