using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// A <c>tokenizer.json</c> at work: special tokens, then normalisation, then words, then the model. Only what the file asks for is done.
/// </summary>
internal sealed class PipelineTokenizer : Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly SpecialTokens _raw;
    private readonly IReadOnlyList<(SpecialToken Raw, SpecialToken Normalized)> _afterNormalization;
    private readonly SpecialTokens _normalized;
    private readonly Normalizer? _normalizer;
    private readonly Splitter? _splitter;
    private readonly WordModel _model;
    private readonly TokenBytes _bytes;
    private readonly TokenBytes _firstBytes;
    private readonly TokenDecoder _decoder;
    private readonly short[]? _runBytes;
    private readonly short[]? _firstRunBytes;

    /// <summary>Puts the parts together.</summary>
    /// <param name="parts">The parts of the file.</param>
    /// <param name="data">The vocabulary, with all settings in it.</param>
    /// <param name="vocabulary">The same, checked.</param>
    /// <param name="frame">Special tokens that are found in text as it is, and those around a text.</param>
    /// <param name="normalized">Special tokens that are found in normalised text, with their texts before and after normalisation.</param>
    public PipelineTokenizer(
        TokenizerParts parts, TokenizerData data, Vocabulary vocabulary, TokenizerFrame frame,
        IReadOnlyList<(SpecialToken Raw, SpecialToken Normalized)> normalized)
        : base(data, vocabulary, addBosByDefault: false, frame)
    {
        _vocabulary = vocabulary;
        _raw = frame.SpecialTokens;
        _afterNormalization = normalized;
        _normalized = new SpecialTokens([.. normalized.Select(token => token.Normalized)]);
        _normalizer = parts.Normalizer;
        _splitter = parts.Splitter;
        _model = parts.CreateModel(vocabulary);
        TokenDecoder decoder = _decoder = parts.Decoder;
        DroppedAtStart = (Encoding.UTF8.GetBytes(decoder.Dropped), decoder.DroppedCount);
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => AppendBytes(decoder, vocabulary, id, false, bytes));
        _firstBytes = decoder.HasFirstForm
            ? TokenBytes.Build(vocabulary.Count, (id, bytes) => AppendBytes(decoder, vocabulary, id, true, bytes))
            : _bytes;
        _runBytes = RunBytes(isFirst: false);
        _firstRunBytes = decoder.HasFirstForm ? RunBytes(isFirst: true) : _runBytes;
    }

    internal override (byte[] Character, int Count) DroppedAtStart { get; }

    internal override bool ControlEndsStart => true;

    internal override bool LeftOutEndsRun => false;

    internal override TemplateTokens CreateTemplateTokens(string source) => new(source, _raw.Tokens, _afterNormalization, _vocabulary);

    internal override void Encode(ReadOnlySpan<char> text, SpecialTokenScope scope, List<int> ids) =>
        Encode(text, _raw.In(scope), _normalized.In(scope), scope == SpecialTokenScope.All, isTemplate: false, ids);

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private protected override ReadOnlySpan<byte> FirstBytes(int id) => _firstBytes[id];

    private protected override bool TryGetRunByte(int id, bool isFirst, out byte value)
    {
        short found = (isFirst ? _firstRunBytes : _runBytes)?[id] ?? -1;
        value = (byte)found;
        return found >= 0;
    }

    // The next byte can make a run none of UTF-8 as a whole.
    private protected override void AppendRun(ByteRun run, bool isEnd)
    {
        if (isEnd)
        {
            _decoder.AppendRun(run.BytesSpan(), run.IsFirst, run.Text);
        }
    }

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, Section section, List<int> ids)
    {
        string original = text.ToString();
        string normalized = _normalizer is null ? original : _normalizer.Apply(original);
        bool isStart = section.IsStart && (_normalizer is null || _normalizer.KeepsStart(original));
        var stretches = new List<(int Start, int Length, int Id)>();
        if (section.Normalized is { } special)
        {
            special.Cut(normalized, stretches);
        }
        else
        {
            stretches.Add((0, normalized.Length, -1));
        }

        foreach ((int start, int length, int id) in stretches)
        {
            if (id >= 0)
            {
                ids.Add(id);
            }
            else if (length > 0)
            {
                EncodeWords(new Piece(normalized, isStart).Slice(start, length), section.IsTrusted, ids);
            }
        }
    }

    private static void AppendBytes(TokenDecoder decoder, Vocabulary vocabulary, int id, bool isFirst, List<byte> bytes)
    {
        if (vocabulary.Texts[id] is { } text)
        {
            decoder.Append(text, isFirst, bytes);
        }
        else
        {
            bytes.AddRange(vocabulary.Raw[id]);
        }
    }

    private short[]? RunBytes(bool isFirst) => ByteRun.Table(
        _vocabulary.Count, id => _vocabulary.Texts[id] is { } text && _decoder.TryGetByte(text, isFirst, out byte value) ? value : null);

    private void EncodeWords(Piece piece, bool isTrusted, List<int> ids)
    {
        if (_splitter is null)
        {
            _model.Encode(piece.Text, isTrusted, ids);
            return;
        }

        var words = new List<Piece>();
        _splitter.Split(piece, words);
        foreach (Piece word in words)
        {
            _model.Encode(word.Text, isTrusted, ids);
        }
    }
}
