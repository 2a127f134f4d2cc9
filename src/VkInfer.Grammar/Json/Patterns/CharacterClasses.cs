using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar.Patterns;

/// <summary>
/// Classes of characters in patterns. ECMA-262 and .NET read some of them differently; the narrow reading has what both have, the wide one
/// what either has, for what must not match.
/// </summary>
internal static class CharacterClasses
{
    /// <summary>The last code point that is one unit of UTF-16: beyond it the two count characters differently.</summary>
    public const int LastUnit = 0xFFFF;

    private static readonly (int First, int Last)[] AsciiDigits = [('0', '9')];
    private static readonly (int First, int Last)[] AsciiWord = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
    private static readonly (int First, int Last)[] AsciiSpace = [('\t', '\r'), (' ', ' ')];
    private static readonly (int First, int Last)[] Space =
        [('\t', '\r'), (' ', ' '), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
        (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)];

    private static readonly ConcurrentDictionary<string, List<(int First, int Last)>?> Categories = new();

    private static readonly Dictionary<string, string> LongNames = new()
    {
        ["Letter"] = "L",
        ["Uppercase_Letter"] = "Lu",
        ["Lowercase_Letter"] = "Ll",
        ["Number"] = "N",
        ["Decimal_Number"] = "Nd",
        ["Punctuation"] = "P",
        ["Symbol"] = "S",
        ["Separator"] = "Z",
        ["Mark"] = "M",
    };

    /// <summary>What a dot matches.</summary>
    public static List<(int First, int Last)> Dot(bool wide) =>
        wide ? Utf8Ranges.Complement([('\n', '\n')]) : Not([('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)], wide);

    /// <summary>The class of an escape: <c>d D w W s S</c>.</summary>
    public static List<(int First, int Last)> Escape(char letter, bool wide)
    {
        (int First, int Last)[] ascii = char.ToLowerInvariant(letter) switch
        {
            'd' => AsciiDigits,
            'w' => AsciiWord,
            _ => AsciiSpace,
        };
        if (char.IsLower(letter))
        {
            return wide ? Broad(letter) : [.. ascii];
        }

        return Not(wide ? ascii : Broad(char.ToLowerInvariant(letter)), wide);
    }

    /// <summary>A Unicode category by its name, e.g. <c>L</c>, <c>Lu</c>; null where it is none that is known.</summary>
    public static List<(int First, int Last)>? Category(string name) => Categories.GetOrAdd(LongNames.GetValueOrDefault(name, name), Find);

    /// <summary>All others; in the narrow reading of those that are one unit.</summary>
    public static List<(int First, int Last)> Not(IEnumerable<(int First, int Last)> ranges, bool wide) =>
        Utf8Ranges.Complement(wide ? ranges : ranges.Append((LastUnit + 1, Utf8Ranges.MaxCodePoint)));

    /// <summary>What either reading takes for a digit, a letter of a word, or white space.</summary>
    private static List<(int First, int Last)> Broad(char letter) => letter switch
    {
        'd' => Category("Nd")!,
        'w' => Utf8Ranges.Normalize(
            [.. AsciiWord, .. Category("L")!, .. Category("M")!, .. Category("Nd")!, .. Category("Pc")!, (0x200C, 0x200D)]),
        _ => [.. Space],
    };

    private static List<(int First, int Last)>? Find(string name)
    {
        if (name.Length is not (1 or 2) || !char.IsAsciiLetterUpper(name[0]))
        {
            return null;
        }

        var ranges = new List<(int First, int Last)>();
        for (int code = 0; code <= Utf8Ranges.MaxCodePoint; code++)
        {
            if (Rune.IsValid(code) && Abbreviation(CharUnicodeInfo.GetUnicodeCategory(code)).StartsWith(name, StringComparison.Ordinal))
            {
                ranges.Add((code, code));
            }
        }

        return ranges.Count == 0 ? null : Utf8Ranges.Normalize(ranges);
    }

    private static string Abbreviation(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => "Lu",
        UnicodeCategory.LowercaseLetter => "Ll",
        UnicodeCategory.TitlecaseLetter => "Lt",
        UnicodeCategory.ModifierLetter => "Lm",
        UnicodeCategory.OtherLetter => "Lo",
        UnicodeCategory.NonSpacingMark => "Mn",
        UnicodeCategory.SpacingCombiningMark => "Mc",
        UnicodeCategory.EnclosingMark => "Me",
        UnicodeCategory.DecimalDigitNumber => "Nd",
        UnicodeCategory.LetterNumber => "Nl",
        UnicodeCategory.OtherNumber => "No",
        UnicodeCategory.SpaceSeparator => "Zs",
        UnicodeCategory.LineSeparator => "Zl",
        UnicodeCategory.ParagraphSeparator => "Zp",
        UnicodeCategory.Control => "Cc",
        UnicodeCategory.Format => "Cf",
        UnicodeCategory.PrivateUse => "Co",
        UnicodeCategory.ConnectorPunctuation => "Pc",
        UnicodeCategory.DashPunctuation => "Pd",
        UnicodeCategory.OpenPunctuation => "Ps",
        UnicodeCategory.ClosePunctuation => "Pe",
        UnicodeCategory.InitialQuotePunctuation => "Pi",
        UnicodeCategory.FinalQuotePunctuation => "Pf",
        UnicodeCategory.OtherPunctuation => "Po",
        UnicodeCategory.MathSymbol => "Sm",
        UnicodeCategory.CurrencySymbol => "Sc",
        UnicodeCategory.ModifierSymbol => "Sk",
        UnicodeCategory.OtherSymbol => "So",
        _ => "Cn",
    };
}
