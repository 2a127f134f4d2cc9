namespace VkInfer.Tokenization;

/// <summary>
/// User-defined tokens with ▁ in them: text has spaces there until it is normalised, so that they are found only then. Others are found
/// before.
/// </summary>
internal sealed class UserDefinedSymbols
{
    private readonly PrefixTable<int> _symbols;

    public UserDefinedSymbols(Vocabulary vocabulary) => _symbols = new PrefixTable<int>(
        from id in Enumerable.Range(0, vocabulary.Count)
        where vocabulary.Kinds[id] == TokenKind.UserDefined && vocabulary.Texts[id]?.Contains(SentencePieceNormalizer.Space) == true
        select KeyValuePair.Create(vocabulary.Texts[id]!, id));

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _symbols.IsEmpty;

    /// <summary>The length of the longest symbol that a text begins with; 0 for none.</summary>
    public int LengthAt(ReadOnlySpan<char> text) => _symbols.TryLongest(text, out string match, out _) ? match.Length : 0;

    /// <summary>The token of a text that is a symbol as a whole.</summary>
    public bool TryGetWhole(ReadOnlySpan<char> text, out int id) =>
        _symbols.TryLongest(text, out string match, out id) && match.Length == text.Length;
}
