using System.Globalization;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>The normalizers of Hugging Face that go through a text character by character.</summary>
internal static class TextCleaning
{
    // The tables of the Rust libraries are those of Unicode 9 here and of Unicode 8 there. A few characters have another category since.
    private static readonly Lazy<CodePointSet> Marks = new(() => UnicodeProperties.Get("m").And(UnicodeProperties.Get("age9"))
        .Or(CodePointSet.Of(0x1CF2, 0x1CF3)).And(CodePointSet.Of(0x111C9).Not()));

    private static readonly Lazy<CodePointSet> NonSpacingMarks = new(() => UnicodeProperties.Get("mn").And(UnicodeProperties.Get("age8"))
        .Or(CodePointSet.Of([(0x1734, 0x1734), (0x1171E, 0x1171E)]))
        .And(CodePointSet.Of([(0x1885, 0x1886), (0xA9BD, 0xA9BD), (0x111C9, 0x111C9)]).Not()));

    /// <summary>Removes marks of all kinds.</summary>
    public static string RemoveMarks(string text) => Without(text, Marks.Value);

    /// <summary>Removes non-spacing marks.</summary>
    public static string RemoveNonSpacingMarks(string text) => Without(text, NonSpacingMarks.Value);

    /// <summary>Lower case, each character on its own.</summary>
    public static string Lower(string text)
    {
        const string DottedCapitalI = "\u0130";
        string lower = text.ToLowerInvariant();
        return lower.Contains(DottedCapitalI, StringComparison.Ordinal)
            ? lower.Replace(DottedCapitalI, "i\u0307", StringComparison.Ordinal)
            : lower;
    }

    /// <summary>BERT's cleaning: controls go, white space becomes a space.</summary>
    public static string Bert(string text) => Select(text, rune => rune.Value switch
    {
        '\t' or '\n' or '\r' => new Rune(' '),
        0 or 0xFFFD => null,
        _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse => null,
        _ => Rune.IsWhiteSpace(rune) ? new Rune(' ') : rune,
    });

    /// <summary>The cleaning of SentencePiece's nmt rules: controls go, white space of all kinds becomes a space.</summary>
    public static string Nmt(string text) => Select(text, rune => rune.Value switch
    {
        (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F => null,
        0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD =>
            new Rune(' '),
        _ => rune,
    });

    /// <summary>Puts spaces around CJK ideographs, but for 256 at the beginning of a block, which the original leaves out.</summary>
    public static string SpaceIdeographs(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isIdeograph = rune.Value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
                or (>= 0x2A700 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
            _ = isIdeograph ? result.Append(' ').Append(rune).Append(' ') : result.Append(rune);
        }

        return result.ToString();
    }

    private static string Without(string text, CodePointSet set) => Select(text, rune => set.Contains(rune.Value) ? null : rune);

    private static string Select(string text, Func<Rune, Rune?> map)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (map(rune) is { } kept)
            {
                result.Append(kept);
            }
        }

        return result.ToString();
    }
}
