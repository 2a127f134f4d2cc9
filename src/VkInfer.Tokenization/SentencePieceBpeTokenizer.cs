namespace VkInfer.Tokenization;

/// <summary>
/// SentencePiece's BPE (Llama 1 and 2, Mistral, Phi-3): spaces are ▁, pairs are merged by score, and characters that are
/// not in the vocabulary become their UTF-8 bytes, or one unknown token per run where the vocabulary has no bytes.
/// </summary>
/// <remarks>
/// Microsoft.ML.Tokenizers 2.0.1 is not used for this one: of equal pairs it does not merge the leftmost first, so that its
/// ids differ from SentencePiece's wherever characters repeat ("!!!!!!" with the vocabulary of OpenLLaMA).
/// </remarks>
internal sealed class SentencePieceBpeTokenizer : Tokenizer
{
    private readonly SentencePieceTable _pieces;
    private readonly int[] _byteIds;
    private readonly int? _unknownId;
    private readonly TokenBytes _bytes;
    private readonly SentencePieceNormalizer _normalizer;

    private SentencePieceBpeTokenizer(TokenizerData data, Vocabulary vocabulary)
        : base(data, vocabulary, addBosByDefault: true)
    {
        HasSpacePrefix = data.AddSpacePrefix ?? true;
        _normalizer = new SentencePieceNormalizer(data, removeExtraWhitespaces: false);
        _pieces = new SentencePieceTable(vocabulary, SentencePieceVocabulary.CheckScores(data.Scores, vocabulary.Count));
        _byteIds = SentencePieceVocabulary.ReadByteTokens(vocabulary);
        var unknown = UnknownTokenId ?? Array.IndexOf(vocabulary.Kinds, TokenKind.Unknown);
        _unknownId = unknown < 0 ? null : unknown;
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => SentencePieceVocabulary.AppendBytes(vocabulary, id, bytes));
    }

    internal override bool HasSpacePrefix { get; }

    public static SentencePieceBpeTokenizer Build(TokenizerData data) => new(data, new Vocabulary(data));

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> ids)
    {
        var normalized = _normalizer.Apply(text).AsSpan();
        var lengths = _pieces.Merge(normalized);
        var wasUnknown = false;
        for (var start = 0; start < normalized.Length; start += lengths[start])
        {
            var piece = normalized.Slice(start, lengths[start]);
            if (_pieces.TryGetId(piece, out var id))
            {
                ids.Add(id);
                wasUnknown = false;
            }
            else
            {
                UnknownPieces.AppendCharacter(piece, _byteIds, _unknownId, ids, ref wasUnknown);
            }
        }
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];
}
