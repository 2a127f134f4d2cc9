using System.Text;

namespace VkInfer.Formats;

/// <summary>Makes text from a stranger's file fit for one line of a terminal: quoted, without control characters, and short.</summary>
internal static class DisplayText
{
    private const int MaxCharacters = 80;

    public static string Quote(string text)
    {
        var result = new StringBuilder(Math.Min(text.Length, MaxCharacters) + 8);
        result.Append('\'');
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, MaxCharacters)))
        {
            if (char.IsControl(character) || character is '\u2028' or '\u2029')
            {
                result.Append("\\u").Append(((int)character).ToString("x4", null));
            }
            else
            {
                result.Append(character);
            }
        }

        return result.Append(text.Length > MaxCharacters ? "…'" : "'").ToString();
    }

    public static string Quote(ReadOnlySpan<byte> utf8)
    {
        // A character takes at most four bytes, so a longer prefix cannot show more.
        var prefix = Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 4 * (MaxCharacters + 1))]);
        return Quote(prefix);
    }
}
