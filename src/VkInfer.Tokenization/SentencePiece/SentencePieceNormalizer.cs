using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// SentencePiece's normalisation: characters are mapped, spaces become ▁, one stands in front, and extra ones go where the model asks for
/// it.
/// </summary>
internal sealed class SentencePieceNormalizer
{
    /// <summary>What stands for a space in pieces.</summary>
    public const char Space = '\u2581';

    private readonly CharsMap? _map;
    private readonly UserDefinedSymbols _symbols;
    private readonly bool _addPrefix;
    private readonly bool _removeExtra;

    /// <summary>Takes what the data says, or the default of the model's kind.</summary>
    /// <param name="data">The data.</param>
    /// <param name="symbols">What is never mapped.</param>
    /// <param name="removeExtraWhitespaces">Whether extra spaces go where the data does not say.</param>
    public SentencePieceNormalizer(TokenizerData data, UserDefinedSymbols symbols, bool removeExtraWhitespaces)
    {
        _map = data.PrecompiledCharsMap is { Length: > 0 } map ? CharsMap.Read(map, nameof(TokenizerData.PrecompiledCharsMap)) : null;
        _symbols = symbols;
        _addPrefix = data.AddSpacePrefix ?? true;
        _removeExtra = data.RemoveExtraWhitespaces ?? removeExtraWhitespaces;
    }

    /// <summary>Normalises well-formed text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addPrefix">Whether a space may be put in front; the model decides.</param>
    public string Apply(ReadOnlySpan<char> text, bool addPrefix = true)
    {
        text = Map(text);
        if (_removeExtra)
        {
            text = text.TrimStart(' ');
        }

        if (text.Length == 0)
        {
            return "";
        }

        var normalized = new StringBuilder(text.Length + 1);
        if (_addPrefix && addPrefix)
        {
            normalized.Append(Space);
        }

        char before = '\0';
        foreach (char c in text)
        {
            if (c != ' ')
            {
                normalized.Append(c);
            }
            else if (!_removeExtra || before != ' ')
            {
                normalized.Append(Space);
            }

            before = c;
        }

        // At the end ▁ goes whether the text had a space there or ▁ itself.
        while (_removeExtra && normalized.Length > 0 && normalized[^1] == Space)
        {
            normalized.Length--;
        }

        return normalized.ToString();
    }

    private ReadOnlySpan<char> Map(ReadOnlySpan<char> text)
    {
        if (_map is null)
        {
            return text;
        }

        var mapped = new StringBuilder(text.Length);
        int done = 0;
        for (int at = 0; !_symbols.IsEmpty && at < text.Length;)
        {
            int length = _symbols.LengthAt(text[at..]);
            if (length == 0)
            {
                at++;
                continue;
            }

            mapped.Append(_map.Apply(text[done..at].ToString())).Append(text.Slice(at, length));
            done = at += length;
        }

        return done == 0 ? _map.Apply(text.ToString()) : mapped.Append(_map.Apply(text[done..].ToString())).ToString();
    }
}
