using System.Globalization;
using System.Text;

namespace VkInfer.Formats;

/// <summary>Makes text from a stranger's file fit for one line of a terminal: without control characters, and short.</summary>
internal static class DisplayText
{
    private const int MaxCharacters = 80;

    /// <summary>A text in quotes.</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder(Math.Min(text.Length, MaxCharacters) + 8);
        result.Append('\'');
        Append(result, text, MaxCharacters);
        return result.Append('\'').ToString();
    }

    /// <summary>A text in quotes.</summary>
    public static string Quote(ReadOnlySpan<byte> utf8)
    {
        // A character takes at most four bytes, so a longer prefix cannot show more.
        string prefix = Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 4 * (MaxCharacters + 1))]);
        return Quote(prefix);
    }

    /// <summary>A text as it is where it is short and harmless.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxCharacters">What is longer is cut, and ends in three dots.</param>
    public static string OneLine(string text, int maxCharacters)
    {
        var result = new StringBuilder(Math.Min(text.Length, maxCharacters) + 8);
        Append(result, text, maxCharacters);
        return result.ToString();
    }

    private static void Append(StringBuilder result, string text, int maxCharacters)
    {
        int length = Math.Min(text.Length, maxCharacters);
        if (length < text.Length && char.IsHighSurrogate(text[length - 1]))
        {
            length--;
        }

        foreach (Rune rune in text.AsSpan(0, length).EnumerateRunes())
        {
            if (IsHarmful(rune))
            {
                result.Append("\\u").Append(rune.Value.ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                result.Append(rune.ToString());
            }
        }

        if (length < text.Length)
        {
            result.Append('…');
        }
    }

    /// <summary>What moves a cursor, breaks a line, or turns the direction of writing.</summary>
    private static bool IsHarmful(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
