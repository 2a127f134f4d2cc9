namespace VkInfer.Jinja;

/// <summary>Strings as Python counts them: by code points, not by UTF-16 units.</summary>
internal static class CodePoints
{
    private static readonly string[] Ascii = [.. Enumerable.Range(0, 128).Select(code => ((char)code).ToString())];

    public static bool HasSurrogates(ReadOnlySpan<char> text) => text.ContainsAnyInRange('\uD800', '\uDFFF');

    public static int Count(string text)
    {
        if (!HasSurrogates(text))
        {
            return text.Length;
        }

        int count = 0;
        for (int i = 0; i < text.Length; i += Width(text, i))
        {
            count++;
        }

        return count;
    }

    /// <summary>Each code point as a string.</summary>
    public static List<string> Split(string text)
    {
        var parts = new List<string>(text.Length);
        for (int i = 0; i < text.Length;)
        {
            int width = Width(text, i);
            parts.Add(width == 1 && text[i] < 128 ? Ascii[text[i]] : text.Substring(i, width));
            i += width;
        }

        return parts;
    }

    /// <summary>The code point that begins at a UTF-16 index; a lone surrogate is one of its own.</summary>
    public static int At(string text, int index) =>
        Width(text, index) == 2 ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];

    public static int Width(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;

    /// <summary>The number of code points before a UTF-16 index.</summary>
    public static int Before(string text, int index) => Count(text[..index]);
}
