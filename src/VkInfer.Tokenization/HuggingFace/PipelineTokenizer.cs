namespace VkInfer.Tokenization;

/// <summary>
/// A <c>tokenizer.json</c> at work: special tokens, then normalisation, then words, then the model. Only what the file asks for is done.
/// </summary>
internal sealed class PipelineTokenizer : Tokenizer
{
    private readonly SpecialTokens _raw;
    private readonly SpecialTokens _normalized;
    private readonly Normalizer? _normalizer;
    private readonly Splitter? _splitter;
    private readonly WordModel _model;
    private readonly TokenBytes _bytes;

    /// <summary>Puts the parts together.</summary>
    /// <param name="parts">The parts of the file.</param>
    /// <param name="data">The vocabulary, with all settings in it.</param>
    /// <param name="vocabulary">The same, checked.</param>
    /// <param name="frame">Special tokens that are found in text as it is, and those around a text.</param>
    /// <param name="normalized">Special tokens that are found in normalised text.</param>
    public PipelineTokenizer(TokenizerParts parts, TokenizerData data, Vocabulary vocabulary, TokenizerFrame frame, SpecialTokens normalized)
        : base(data, vocabulary, addBosByDefault: false, frame)
    {
        _raw = frame.SpecialTokens;
        _normalized = normalized;
        _normalizer = parts.Normalizer;
        _splitter = parts.Splitter;
        _model = parts.CreateModel(vocabulary);
        HasSpacePrefix = parts.Decoder.StripsFirstSpace;
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => AppendBytes(parts.Decoder, vocabulary, id, bytes));
    }

    internal override bool HasSpacePrefix { get; }

    internal override void Encode(ReadOnlySpan<char> text, SpecialTokenScope scope, List<int> ids, char? dropped = null)
    {
        var rest = WellFormed.Of(text);
        var isFirst = true;
        while (_raw.TryFind(rest, scope, out var start, out var length, out var id))
        {
            EncodeSection(Without(rest[..start], dropped), isFirst, scope, ids);
            ids.Add(id);
            rest = rest[(start + length)..];
            isFirst = false;
        }

        EncodeSection(Without(rest, dropped), isFirst, scope, ids);
    }

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> ids) =>
        EncodeSection(text, isFirst: true, SpecialTokenScope.None, ids);

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private static void AppendBytes(TokenDecoder decoder, Vocabulary vocabulary, int id, List<byte> bytes)
    {
        if (vocabulary.Texts[id] is { } text && vocabulary.Kinds[id] is not (TokenKind.Control or TokenKind.UserDefined or TokenKind.Unknown))
        {
            decoder.Append(text, bytes);
        }
        else
        {
            bytes.AddRange(vocabulary.Raw[id]);
        }
    }

    private void EncodeSection(ReadOnlySpan<char> section, bool isFirst, SpecialTokenScope scope, List<int> ids)
    {
        if (section.Length == 0)
        {
            return;
        }

        var text = section.ToString();
        ReadOnlySpan<char> rest = _normalizer is null ? text : _normalizer.Apply(text);
        while (_normalized.TryFind(rest, scope, out var start, out var length, out var id))
        {
            EncodeWords(rest[..start].ToString(), isFirst, ids);
            ids.Add(id);
            rest = rest[(start + length)..];
            isFirst = false;
        }

        EncodeWords(rest.ToString(), isFirst, ids);
    }

    private void EncodeWords(string text, bool isFirst, List<int> ids)
    {
        if (text.Length == 0)
        {
            return;
        }

        if (_splitter is null)
        {
            _model.Encode(text, ids);
            return;
        }

        var words = new List<string>();
        _splitter.Split(text, isFirst, words);
        foreach (var word in words)
        {
            _model.Encode(word, ids);
        }
    }
}
