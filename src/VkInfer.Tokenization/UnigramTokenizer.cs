namespace VkInfer.Tokenization;

/// <summary>SentencePiece's unigram model (T5, XLNet): spaces are ▁, and what has no piece becomes its bytes or the unknown token.</summary>
/// <remarks>Our own: the unigram model of Microsoft.ML.Tokenizers 2.0.1 gives ids outside the vocabulary where bytes stand in.</remarks>
internal sealed class UnigramTokenizer : Tokenizer
{
    private readonly SentencePieceNormalizer _normalizer;
    private readonly UnigramModel _model;
    private readonly int[] _byteIds;
    private readonly int? _unknownId;
    private readonly TokenBytes _bytes;

    private UnigramTokenizer(TokenizerData data, Vocabulary vocabulary)
        : base(data, vocabulary, addBosByDefault: false)
    {
        HasSpacePrefix = data.AddSpacePrefix ?? true;
        _normalizer = new SentencePieceNormalizer(data, removeExtraWhitespaces: true);
        var scores = SentencePieceVocabulary.CheckScores(data.Scores, vocabulary.Count);
        _model = new UnigramModel(vocabulary, scores, id => vocabulary.Kinds[id] is TokenKind.Normal or TokenKind.UserDefined);
        _byteIds = SentencePieceVocabulary.ReadByteTokens(vocabulary);
        var unknown = UnknownTokenId ?? Array.IndexOf(vocabulary.Kinds, TokenKind.Unknown);
        _unknownId = unknown < 0 ? null : unknown;
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => SentencePieceVocabulary.AppendBytes(vocabulary, id, bytes));
    }

    internal override bool HasSpacePrefix { get; }

    public static UnigramTokenizer Build(TokenizerData data) => new(data, new Vocabulary(data));

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> ids)
    {
        var normalized = _normalizer.Apply(text);
        UnknownPieces.Append(normalized, _model.Encode(normalized), _byteIds, _unknownId, ids);
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];
}
