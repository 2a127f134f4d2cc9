using System.Globalization;
using System.Text;

namespace VkInfer.Jinja;

/// <summary>The escapes of Python's strings.</summary>
internal static class StringLiteral
{
    /// <summary>Decodes what stands between the quotes; unknown escapes stay as they are.</summary>
    public static string Decode(ReadOnlySpan<char> source, int line)
    {
        if (!source.Contains('\\'))
        {
            return source.ToString();
        }

        var text = new StringBuilder(source.Length);
        for (int i = 0; i < source.Length;)
        {
            if (source[i] != '\\' || i + 1 >= source.Length)
            {
                text.Append(source[i++]);
                continue;
            }

            i = Escape(source, i + 1, text, line);
        }

        return text.ToString();
    }

    /// <summary>Decodes the escape whose letter is at an index, and returns where it ends.</summary>
    private static int Escape(ReadOnlySpan<char> source, int index, StringBuilder text, int line)
    {
        char letter = source[index];
        switch (letter)
        {
            case '\n': return index + 1;
            case 'x': return Hex(source, index + 1, 2, text, line);
            case 'u': return Hex(source, index + 1, 4, text, line);
            case 'U': return Hex(source, index + 1, 8, text, line);
            case >= '0' and <= '7': return Octal(source, index, text);
        }

        const string Letters = "\\'\"abfnrtv";
        const string Meanings = "\\'\"\a\b\f\n\r\t\v";
        int known = Letters.IndexOf(letter, StringComparison.Ordinal);
        _ = known < 0 ? text.Append('\\').Append(letter) : text.Append(Meanings[known]);
        return index + 1;
    }

    private static int Hex(ReadOnlySpan<char> source, int start, int digits, StringBuilder text, int line)
    {
        if (start + digits > source.Length
            || !int.TryParse(source.Slice(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || code is < 0 or > 0x10FFFF)
        {
            throw JinjaException.Syntax("a string with an incomplete escape", line);
        }

        _ = code < 0x10000 ? text.Append((char)code) : text.Append(char.ConvertFromUtf32(code));
        return start + digits;
    }

    private static int Octal(ReadOnlySpan<char> source, int start, StringBuilder text)
    {
        (int end, int code) = (start, 0);
        while (end < source.Length && end < start + 3 && source[end] is >= '0' and <= '7')
        {
            code = (code * 8) + source[end++] - '0';
        }

        text.Append((char)code);
        return end;
    }
}
