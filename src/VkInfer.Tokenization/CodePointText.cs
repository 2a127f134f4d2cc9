using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>
/// Lets .NET's regular expressions see code points: they see UTF-16 code units and no categories beyond U+FFFF, where a letter would look
/// like punctuation twice. A representative of the same category takes the place of each surrogate pair.
/// </summary>
internal static class CodePointText
{
    /// <summary>Well-formed text with one char per code point; the text itself where it has no surrogates.</summary>
    public static ReadOnlySpan<char> OneCharEach(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return text;
        }

        var visible = new char[text.Length];
        var count = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            visible[count++] = rune.IsBmp ? (char)rune.Value : Representative(Rune.GetUnicodeCategory(rune));
        }

        return visible.AsSpan(0, count);
    }

    /// <summary>Where a number of code points after a place ends.</summary>
    public static int Advance(ReadOnlySpan<char> text, int start, int codePoints)
    {
        for (; codePoints > 0; codePoints--)
        {
            start += char.IsHighSurrogate(text[start]) ? 2 : 1;
        }

        return start;
    }

    /// <summary>All matches that are not empty, in UTF-16 code units of the text, one at a time so that a caller can stop.</summary>
    public static IEnumerable<(int Start, int Length)> Matches(string text, Regex regex)
    {
        var visible = OneCharEach(text);
        var same = visible.Length == text.Length;
        var seen = same ? text : visible.ToString();
        return Iterate();

        IEnumerable<(int, int)> Iterate()
        {
            var (at, position) = (0, 0);
            for (var match = regex.Match(seen); match.Success; match = match.NextMatch())
            {
                if (match.Length == 0)
                {
                    continue;
                }

                var start = same ? match.Index : Advance(text, position, match.Index - at);
                var end = same ? start + match.Length : Advance(text, start, match.Length);
                (at, position) = (match.Index + match.Length, end);
                yield return (start, end - start);
            }
        }
    }

    // Outside the ranges of letters that published expressions spell out, such as those of CJK.
    private static char Representative(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\uA7B6',
        UnicodeCategory.LowercaseLetter => '\uA7B7',
        UnicodeCategory.ModifierLetter => '\uA015',
        <= UnicodeCategory.OtherLetter => '\uA000',
        <= UnicodeCategory.EnclosingMark => '\u0301',
        <= UnicodeCategory.OtherNumber => '\u00BD',
        >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation => '\u2022',
        _ => '\u00A9',
    };
}
