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
    private readonly bool _addPrefix;
    private readonly bool _removeExtra;

    /// <summary>Takes what the data says, or the default of the model's kind.</summary>
    public SentencePieceNormalizer(TokenizerData data, bool removeExtraWhitespaces)
    {
        _map = data.PrecompiledCharsMap is { Length: > 0 } map ? CharsMap.Read(map, nameof(TokenizerData.PrecompiledCharsMap)) : null;
        _addPrefix = data.AddSpacePrefix ?? true;
        _removeExtra = data.RemoveExtraWhitespaces ?? removeExtraWhitespaces;
    }

    /// <summary>Normalises well-formed text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addPrefix">Whether a space may be put in front; the model decides.</param>
    public string Apply(ReadOnlySpan<char> text, bool addPrefix = true)
    {
        if (_map is not null)
        {
            text = _map.Apply(text.ToString());
        }

        if (_removeExtra)
        {
            text = text.Trim(' ');
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

        foreach (char c in text)
        {
            if (c != ' ')
            {
                normalized.Append(c);
            }
            else if (!_removeExtra || normalized.Length == 0 || normalized[^1] != Space)
            {
                normalized.Append(Space);
            }
        }

        return normalized.ToString();
    }
}
