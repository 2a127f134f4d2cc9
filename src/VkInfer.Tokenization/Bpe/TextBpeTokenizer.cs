namespace VkInfer.Tokenization;

/// <summary>
/// BPE by merges over characters (Gemma 4): text is cut into words, where the model asks for it spaces are ▁, and characters that are not
/// in the vocabulary become byte tokens. Source: llama.cpp, llama-vocab.cpp.
/// </summary>
internal sealed class TextBpeTokenizer : Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly PreTokenizer _preTokenizer;
    private readonly BpeModel _model;
    private readonly TokenBytes _bytes;

    private TextBpeTokenizer(TokenizerData data, Vocabulary vocabulary, PreTokenizer preTokenizer, IReadOnlyList<string> merges)
        : base(data, vocabulary, preTokenizer.AddBos)
    {
        _vocabulary = vocabulary;
        _preTokenizer = preTokenizer;
        _model = new BpeModel(
            vocabulary,
            new HashSet<int>(),
            new MergeTable(vocabulary, merges),
            SentencePieceVocabulary.ReadByteTokens(vocabulary),
            UnknownTokenId,
            fuseUnknown: true,
            ignoreMerges: false);
        _bytes = TokenBytes.Build(vocabulary.Count, AppendBytes);
    }

    public static TextBpeTokenizer Build(TokenizerData data, PreTokenizer preTokenizer) => new(
        data,
        new Vocabulary(data),
        preTokenizer,
        data.Merges ?? throw new TokenizerException(nameof(TokenizerData.Merges), "a list of pairs", "none"));

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, Section section, List<int> ids)
    {
        string normalized = text.ToString();
        if (_preTokenizer.Alphabet == TokenAlphabet.Spaced)
        {
            normalized = normalized.Replace(' ', SentencePieceNormalizer.Space);
        }

        foreach (Range range in _preTokenizer.Split(normalized))
        {
            ReadOnlySpan<char> word = normalized.AsSpan()[range];
            bool isLines = word.IndexOfAnyExcept('\n') < 0;
            if (isLines && _vocabulary.TryGetTextId(word, out int whole))
            {
                ids.Add(whole);
            }
            else
            {
                _model.Encode(word.ToString(), section.IsTrusted, ids);
            }
        }
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private void AppendBytes(int id, List<byte> bytes)
    {
        if (_preTokenizer.Alphabet == TokenAlphabet.Spaced && _vocabulary.Kinds[id] != TokenKind.Unknown)
        {
            SentencePieceVocabulary.AppendBytes(_vocabulary, id, bytes);
        }
        else if (_vocabulary.Kinds[id] == TokenKind.Byte
            && SentencePieceVocabulary.TryParseByte(_vocabulary.Texts[id] ?? "", out byte value))
        {
            bytes.Add(value);
        }
        else
        {
            bytes.AddRange(_vocabulary.Raw[id]);
        }
    }
}
