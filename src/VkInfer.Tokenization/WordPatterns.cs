using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>The regular expressions that published models cut words with, compiled ahead of time. They see one char per code point.</summary>
internal static partial class WordPatterns
{
    public const string Gpt2Text = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public const string Llama3Published = PublishedContraction + Letters + @"\p{N}{1,3}|" + SignsAndSpace;

    public const string Qwen2Published = PublishedContraction + Letters + @"\p{N}|" + SignsAndSpace;

    public const string TekkenText =
        Prefix + Upper + "*" + Lower + "+|" + Prefix + Upper + "+" + Lower + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string Gpt4oPublished =
        Prefix + Upper + "*" + Lower + "+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" + Prefix + Upper + "+" + Lower + "*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public const string DeepSeekV3Text =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    public const string ThreeNumbersText = @"\p{N}{1,3}";

    public const string CjkText = "[一-龥\u3040-ゟ゠-ヿ]+";

    public const string BloomText = @" ?[^(\s|[.,!?…。，、।۔،])]+";

    // Without regard to case by listing both: (?i:…) would let an s be a long s in some engines and not in others.
    private const string Contraction = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
    private const string PublishedContraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|";
    private const string Letters = Prefix + @"\p{L}+|";
    private const string SignsAndSpace = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Prefix = @"[^\r\n\p{L}\p{N}]?";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    [GeneratedRegex(Gpt2Text, RegexOptions.CultureInvariant)]
    public static partial Regex Gpt2();

    [GeneratedRegex(Contraction + "|" + Letters + @"\p{N}{1,3}|" + SignsAndSpace, RegexOptions.CultureInvariant)]
    public static partial Regex Llama3();

    [GeneratedRegex(Contraction + "|" + Letters + @"\p{N}|" + SignsAndSpace, RegexOptions.CultureInvariant)]
    public static partial Regex Qwen2();

    [GeneratedRegex(TekkenText, RegexOptions.CultureInvariant)]
    public static partial Regex Tekken();

    [GeneratedRegex(
        Prefix + Upper + "*" + Lower + "+(?:" + Contraction + ")?|" + Prefix + Upper + "+" + Lower + "*(?:" + Contraction + ")?|"
        + @"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant)]
    public static partial Regex Gpt4o();

    [GeneratedRegex(
        Contraction + "|" + Letters + @"\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    public static partial Regex SeedCoder();

    [GeneratedRegex(DeepSeekV3Text, RegexOptions.CultureInvariant)]
    public static partial Regex DeepSeekV3();

    [GeneratedRegex(ThreeNumbersText, RegexOptions.CultureInvariant)]
    public static partial Regex ThreeNumbers();

    [GeneratedRegex(CjkText, RegexOptions.CultureInvariant)]
    public static partial Regex Cjk();

    [GeneratedRegex("[一-龥ࠀ-一가-퟿]+", RegexOptions.CultureInvariant)]
    public static partial Regex WideCjk();

    [GeneratedRegex(@" ?[^(\s|.,!?…。，、।۔،)]+", RegexOptions.CultureInvariant)]
    public static partial Regex Bloom();

    [GeneratedRegex(@"\p{N}", RegexOptions.CultureInvariant)]
    public static partial Regex Digit();

    [GeneratedRegex(@"\p{N}+", RegexOptions.CultureInvariant)]
    public static partial Regex Digits();

    [GeneratedRegex("[0-9][0-9][0-9]", RegexOptions.CultureInvariant)]
    public static partial Regex ThreeDigits();

    [GeneratedRegex(@"[\p{P}\$\+<=>\^~\|]+", RegexOptions.CultureInvariant)]
    public static partial Regex Punctuation();

    [GeneratedRegex(@"[\p{P}\$\+<=>\^~\|`]+", RegexOptions.CultureInvariant)]
    public static partial Regex FalconPunctuation();

    [GeneratedRegex("[\r\n]", RegexOptions.CultureInvariant)]
    public static partial Regex LineBreak();

    // The model's own list of letters: those with case, but for Georgian's small ones, which had none when it was made.
    [GeneratedRegex(@"\s?[\p{Lu}\p{Ll}\p{Lt}-[\u10D0-\u10FA\u10FD-\u10FF]]+", RegexOptions.CultureInvariant)]
    public static partial Regex CasedLetters();

    [GeneratedRegex(@"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", RegexOptions.CultureInvariant)]
    public static partial Regex DeepSeekPunctuation();

    [GeneratedRegex(@"\s+$", RegexOptions.CultureInvariant)]
    public static partial Regex SpaceAtEnd();

    [GeneratedRegex(@"\s?\p{L}+", RegexOptions.CultureInvariant)]
    public static partial Regex SpaceAndLetters();

    [GeneratedRegex(@"\s?\p{P}+", RegexOptions.CultureInvariant)]
    public static partial Regex SpaceAndPunctuation();
}
