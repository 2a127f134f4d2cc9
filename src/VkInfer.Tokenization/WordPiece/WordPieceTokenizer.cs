using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// BERT's tokenizer as GGUF has it: pieces that begin a word have ▁ before them, others nothing. Text is cleaned, cut at white space and
/// signs, and put into lower case without accents, unless the vocabulary has upper case: GGUF does not say.
/// </summary>
internal sealed class WordPieceTokenizer : Tokenizer
{
    private const string WordStart = "\u2581";

    private readonly Normalizer _normalizer;
    private readonly Splitter _splitter = SplitterReader.Bert();
    private readonly WordPieceModel _model;
    private readonly TokenBytes _bytes;
    private readonly TokenBytes _firstBytes;

    private WordPieceTokenizer(TokenizerData data, Vocabulary vocabulary)
        : base(data, vocabulary, addBosByDefault: true)
    {
        int unknown = UnknownTokenId ?? throw new TokenizerException(nameof(TokenizerData.UnknownTokenId), "a token id", "none");
        bool hasUpperCase = Enumerable.Range(0, vocabulary.Count).Any(id => vocabulary.Kinds[id] == TokenKind.Normal
            && vocabulary.Texts[id] is { } text && text.StartsWith(WordStart, StringComparison.Ordinal) && text.Any(char.IsUpper));
        _normalizer = NormalizerReader.Bert(isLowercase: !hasUpperCase);
        _model = new WordPieceModel(vocabulary, new HashSet<int>(), WordStart, "", unknown, WordPieceModel.UsualCharacters);
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => AppendBytes(vocabulary, id, " ", bytes));
        _firstBytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => AppendBytes(vocabulary, id, "", bytes));
    }

    /// <summary>
    /// Checks the data and builds the tokenizer. Both special tokens stand around a text whatever the file says, as for llama.cpp.
    /// </summary>
    /// <exception cref="TokenizerException">A field is missing or wrong.</exception>
    public static WordPieceTokenizer Build(TokenizerData data) =>
        new(data with { AddBos = true, AddEos = true }, new Vocabulary(data));

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, Section section, List<int> ids)
    {
        var words = new List<Piece>();
        _splitter.Split(new Piece(_normalizer.Apply(text.ToString()), section.IsStart), words);
        foreach (Piece word in words)
        {
            _model.Encode(word.Text, section.IsTrusted, ids);
        }
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private protected override ReadOnlySpan<byte> FirstBytes(int id) => _firstBytes[id];

    private static void AppendBytes(Vocabulary vocabulary, int id, string before, List<byte> bytes)
    {
        if (vocabulary.Texts[id] is { } text && text.StartsWith(WordStart, StringComparison.Ordinal))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(before + text[WordStart.Length..]));
        }
        else
        {
            bytes.AddRange(vocabulary.Raw[id]);
        }
    }
}
