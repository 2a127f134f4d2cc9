using System.Text;

namespace VkInfer.Tokenization.Tests;

/// <summary>Random texts of what tokenizers treat differently: spaces, signs, digits, scripts, marks, code points beyond U+FFFF.</summary>
internal static class RandomText
{
    /// <summary>Pieces of texts; what is there more often comes more often.</summary>
    public static readonly string[] Pieces =
    [
        " ", " ", " ", "  ", "\n", "\r\n", "\n\n", "\t", "\u00A0", "\u3000", "\u0085", "\u2028", "\u200B", "\u200D", "\u00AD", "\uFEFF",
        "a", "b", "e", "s", "t", "x", "A", "B", "S", "ab", "aa", "the", "Hello", "World", "iPhone", "I'LL", "don't", "'s", "'S", "'\u017F",
        "0", "1", "3", "00", "34", "2024", "12345", "1,000.5", "\u00B2", "\u00BD", "\u0663", "\u096B", "\u2167",
        ".", ",", "!", "?", "/", "/", "'", "\"", "(", ")", "[", "]", "<", ">", "|", "_", "-", "&", "&&", "#", "$", "+", "=", "^", "`", "~",
        "...",
        "\u00E9", "e\u0301", "\u00C5", "\u00DF", "\u0130", "\u0131", "\uFB01", "\u1E9E", "\u03A3", "\u03C2", "\u01C5", "\u0345", "\u20DD",
        "\u0903",
        "\u6F22", "\u5B57", "\u3042", "\u30A2", "\u30FC", "\uFF21", "\u3002", "\uFF0C", "\uAC00", "\u1100\u1161", "\u0E01\u0E34",
        "\u0627\u064B",
        "\u05D0", "\u0915\u094D\u0937", "\u0411", "\u10D0", "\u2581", "\u2581\u2581", "\u2022", "\u20AC", "\u2192", "\uFFFD", "\u0378",
        "\uE000",
        "\U0001F999", "\U0001F468\u200D\U0001F469", "\U0001D400", "\U00010400", "\U00020000", "\U0001FD1A", "\U000E0101", "\U0001D7D9",
    ];

    // The Rust libraries have tables of several versions of Unicode, from 8 to the newest: what all have, and some of what none has.
    private static readonly CodePointSet Known = UnicodeProperties.Get("age8")
        .Or(CodePointSet.Of([(0x378, 0x379), (0x557, 0x558), (0x1F16, 0x1F17), (0xFDD0, 0xFDEF), (0x1FC00, 0x1FFFD)]));

    /// <summary>Makes a text of up to some pieces.</summary>
    /// <param name="random">Where chance comes from.</param>
    /// <param name="most">The most pieces.</param>
    /// <param name="extra">More pieces, as the texts of special tokens.</param>
    public static string Create(Random random, int most, IReadOnlyList<string> extra)
    {
        var text = new StringBuilder();
        for (int count = random.Next(most + 1); count > 0; count--)
        {
            int kind = random.Next(20);
            if (kind == 0 && extra.Count > 0)
            {
                text.Append(extra[random.Next(extra.Count)]);
            }
            else if (kind == 1)
            {
                text.Append(AnyCodePoint(random));
            }
            else
            {
                // Runs of the same are what quantifiers are about.
                string piece = Pieces[random.Next(Pieces.Length)];
                for (int times = random.Next(6) == 0 ? random.Next(1, 5) : 1; times > 0; times--)
                {
                    text.Append(piece);
                }
            }
        }

        return text.ToString();
    }

    private static string AnyCodePoint(Random random)
    {
        while (true)
        {
            int c = random.Next(4) switch
            {
                0 => random.Next(0x20, 0x500),
                1 => random.Next(0x500, 0x3000),
                2 => random.Next(0x3000, 0x10000),
                _ => random.Next(0x10000, 0x20000),
            };
            if (Rune.IsValid(c) && Known.Contains(c))
            {
                return new Rune(c).ToString();
            }
        }
    }
}
