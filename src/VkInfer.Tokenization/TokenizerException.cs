namespace VkInfer.Tokenization;

/// <summary>A vocabulary that cannot be used. The message names the field, what was expected there, and what was found.</summary>
public sealed class TokenizerException : VkInferException
{
    /// <summary>Reports one wrong field.</summary>
    /// <param name="field">The field, with the index where it is a list, as <c>Merges[12]</c>.</param>
    /// <param name="expected">What the field must be.</param>
    /// <param name="actual">What it is.</param>
    public TokenizerException(string field, string expected, string actual)
        : base($"Tokenizer field {field}: expected {expected}, got {actual}.")
    {
        Field = field;
        Expected = expected;
        Actual = actual;
    }

    /// <summary>The wrong field, with the index where it is a list.</summary>
    public string Field { get; }

    /// <summary>What the field must be.</summary>
    public string Expected { get; }

    /// <summary>What it is.</summary>
    public string Actual { get; }

    /// <summary>Shows a string from a file in a message: printable ASCII only, and not more than 40 characters of it.</summary>
    internal static string Show(string text)
    {
        const int Limit = 40;
        string shown = text.Length > Limit ? text[..Limit] : text;
        string escaped = string.Concat(shown.Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:X4}"));
        return text.Length > Limit ? $"\"{escaped}\"... ({text.Length} characters)" : $"\"{escaped}\"";
    }
}
