namespace VkInfer.Tokenization.Tests;

/// <summary>Random regular expressions in Oniguruma's dialect: published ones, and ones put together of what those use.</summary>
internal static class RandomExpression
{
    /// <summary>Published ones.</summary>
    public static readonly string[] Published =
    [
        WordPatterns.Gpt2Text, WordPatterns.Llama3Published, WordPatterns.Qwen2Published, WordPatterns.Qwen35Published,
        WordPatterns.TekkenText,
        WordPatterns.Gpt4oPublished, WordPatterns.DeepSeekV3Published, WordPatterns.BloomText, WordPatterns.CjkText,
        @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
        @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re)?|\p{N}{1,3}|\s+",
        @"\d{1,3}(?=(?:\d{3})*\b)", @"(?=(\d{3})+(?!\d))", @"\s?\p{L}+", @"\s?\p{P}+", @"\s+$", @"[[:alpha:]]+", @"[A-Za-z𐐀-𐑏]+",
        @"\p{Nd}{1,510}(?=(?>\p{Nd}{3})*(?:\P{Nd}|$))|\G\p{Nd}{3}", @"(?<=[a-z])(?=[A-Z])", @"\w+|[^\w\s]+", @" ?a+",
        @"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))",
        @"[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}", @"(?s:.)", @"[\r\n]", @"\n+|[^\n]+", @"\h+", @"\R", @"[[:punct:]]",
        @"\x{4e00}|\u6F22|\x41",
    ];

    private static readonly string[] Sets =
    [
        @"\p{L}", @"\p{Lu}", @"\p{Ll}", @"\p{N}", @"\p{P}", @"\p{S}", @"\p{M}", @"\p{Han}", @"\P{L}", @"\p{^N}", @"\s", @"\S", @"\w", @"\W",
        @"\d", @"\D", @"\h",
        "[a-z]", "[A-Z0-9]", "[^a-z]", @"[^\s\p{L}\p{N}]", "[[:alpha:]]", "[[:^space:]]", "[[:upper:]_]", @"[\p{L}&&[^a-e]]", "[^\\r\\n]",
        "[a-c[x-z]]", "[一-龥]", "[𐐀-𐑏🦙]",
        ".", "a", "b", "s", "1", " ", "'", "/", @"\.", "é", "漢", @"\n", @"[\w&&[^\d]]", "[-a]", "[a-]", "[]a]", "[^]a]", @"[\]\\]",
    ];

    /// <summary>How often: once, within bounds, without bounds.</summary>
    private static readonly string[] Quantifiers =
    [
        "", "", "", "?", "{2}", "{1,3}", "{,2}", "??", "?+", "{1,2}?", "{2}?", "*", "+", "{2,}", "*?", "+?", "*+", "++",
    ];

    private const int Once = 3;
    private const int Bounded = 11;

    private static readonly string[] Anchors = [
        "^", "$", @"\b", @"\B", @"\A", @"\z", @"\Z", @"(?!\S)", @"(?=\p{L})", @"(?<=\s)", @"(?<!a)", @"(?<=ab|s)", @"(?!\d)"];

    /// <summary>Makes an expression.</summary>
    public static string Create(Random random) =>
        random.Next(3) == 0 ? Published[random.Next(Published.Length)] : Alternatives(random, 2, Quantifiers.Length);

    private static string Alternatives(Random random, int depth, int most) =>
        string.Join('|', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Sequence(random, depth, most)));

    private static string Sequence(Random random, int depth, int most) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Quantified(random, depth, most)));

    private static string Quantified(Random random, int depth, int most)
    {
        if (most == Quantifiers.Length && random.Next(8) == 0)
        {
            return Anchors[random.Next(Anchors.Length)];
        }

        string quantifier = Quantifiers[random.Next(most)];
        if (depth == 0 || random.Next(4) != 0)
        {
            return Sets[random.Next(Sets.Length)] + quantifier;
        }

        // Repetition within repetition takes time without bound on the other side.
        string open = random.Next(6) switch { 0 => "(?>", 1 => "(?i:", 2 => "(", _ => "(?:" };
        return open + Alternatives(random, depth - 1, quantifier.Length == 0 ? Bounded : Once) + ")" + quantifier;
    }
}
