namespace VkInfer.Tokenization;

/// <summary>
/// The regular expressions that published models cut words with. A text that ends in Published is as <c>tokenizer.json</c> files write
/// it; ours, as llama.cpp has it, differs from it in taking no letter for another but by ASCII case: (?i:…) lets an s be a long s.
/// </summary>
internal static class WordPatterns
{
    public const string Gpt2Text = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    public const string Llama3Published = PublishedContractions + "|" + Letters + "|" + ThreeNumbersText + "|" + SignsAndSpace;
    public const string Qwen2Published = PublishedContractions + "|" + Letters + @"|\p{N}|" + SignsAndSpace;
    public const string Qwen35Published = PublishedContractions + "|" + Qwen35Rest;
    public const string TekkenText = Prefix + Upper + "*" + Lower + "+|" + Prefix + Upper + "+" + Lower + @"*|\p{N}|" + SignsWithSlashes;
    public const string Gpt4oPublished = Cased + "+" + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" + CasedUpper + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        + ThreeNumbersText + "|" + SignsWithSlashes;

    public const string DeepSeekV3Text = AsciiSign + "[A-Za-z]+|" + DeepSeekWord + @"| ?[\p{P}\p{S}]+[\r\n]*|" + Space;
    public const string DeepSeekV3Published =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    public const string ThreeNumbersText = @"\p{N}{1,3}";
    public const string CjkText = "[一-龥\u3040-ゟ゠-ヿ]+";
    public const string BloomText = @" ?[^(\s|[.,!?…。，、।۔،])]+";

    private const string Contractions = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
    private const string PublishedContractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Prefix = @"[^\r\n\p{L}\p{N}]?";
    private const string Letters = Prefix + @"\p{L}+";
    private const string Space = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string SignsAndSpace = @" ?[^\s\p{L}\p{N}]+[\r\n]*|" + Space;
    private const string SignsWithSlashes = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Space;
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Cased = Prefix + Upper + "*" + Lower;
    private const string CasedUpper = Prefix + Upper + "+" + Lower + "*";
    private const string CasedWords = Cased + "+(?:" + Contractions + ")?|" + CasedUpper + "(?:" + Contractions + ")?";
    private const string AsciiSign = @"[!-/:-@\[-`{-~]";
    private const string DeepSeekWord = @"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+";
    private const string Qwen35Rest = Prefix + @"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Space;

    public static Expression Gpt2 => field ??= Of(Gpt2Text);

    public static Expression Llama3 => field ??= Of(Contractions + "|" + Letters + "|" + ThreeNumbersText + "|" + SignsAndSpace);

    public static Expression Jais2 => field ??= Of(
        Contractions + "|" + Letters + "|" + ThreeNumbersText + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
        + string.Concat(((int[])[512, 256, 128, 64, 32, 16, 8, 4]).Select(count => $@"\s{{{count}}}(?!\S)|")) + @"\s{1,2}(?!\S)|\s");

    public static Expression Qwen2 => field ??= Of(Contractions + "|" + Letters + @"|\p{N}|" + SignsAndSpace);

    public static Expression Qwen35 => field ??= Of(Contractions + "|" + Qwen35Rest);

    public static Expression Ufakzeka => field ??= Of(Letters + @"|\p{N}|" + SignsAndSpace);

    public static Expression MiniCpm5 => field ??= Of(Contractions + "|" + Letters + @"|\p{N}+|" + SignsAndSpace);

    public static Expression BailingMoe => field ??= Of(
        "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" + Letters + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+");

    public static Expression ExaoneMoe => field ??= Of(
        Contractions + "|" + Prefix + @"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+");

    public static Expression Tekken => field ??= Of(TekkenText);

    public static Expression Gpt4o => field ??= Of(CasedWords + "|" + ThreeNumbersText + "|" + SignsWithSlashes);

    public static Expression Youtu => field ??= Of(CasedWords + @"|\p{N}|" + SignsWithSlashes);

    public static Expression YoutuScripts => field ??= Of(
        "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + CjkText);

    // Han is cut off first; words then have none in them.
    public static Expression KimiK2 => field ??= Of(
        @"\p{Han}+|" + Prefix + @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?:" + Contractions
            + ")?|"
        + Prefix + @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?:" + Contractions + ")?|"
        + ThreeNumbersText + "|" + SignsAndSpace);

    public static Expression SeedCoder => field ??= Of(Contractions + "|" + Letters + @"|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|" + Space);

    public static Expression DeepSeekV3 => field ??= Of(DeepSeekV3Text);

    public static Expression Spark25 => field ??= Of(
        AsciiSign + "[A-Za-z]+|" + DeepSeekWord + @"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+");

    public static Expression ThreeNumbers => field ??= Of(ThreeNumbersText);

    /// <summary>Digits in threes from the right, up to the end of a word.</summary>
    public static Expression ThreeNumbersBeforeWordEnd => field ??= Of(@"\d{1,3}(?=(?:\d{3})*\b)");

    /// <summary>Numbers in threes from the right.</summary>
    public static Expression ThreeNumbersFromRight => field ??= Of(@"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))");

    /// <summary>The places before each third digit from the right.</summary>
    public static Expression BeforeThreeDigits => field ??= Of(@"(?=(\d{3})+(?!\d))");

    public static Expression Cjk => field ??= Of(CjkText);

    public static Expression WideCjk => field ??= Of("[一-龥ࠀ-一가-퟿]+");

    public static Expression AsianScripts => field ??= Of(
        "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+");

    public static Expression Bloom => field ??= Of(" ?[^\\s(|.,!?…。，、।۔،)]+");

    public static Expression Digit => field ??= Of(@"\p{N}");

    public static Expression Digits => field ??= Of(@"\p{N}+");

    public static Expression ThreeDigits => field ??= Of("[0-9][0-9][0-9]");

    public static Expression Punctuation => field ??= Of(@"[\p{P}$+<=>^~|]+");

    public static Expression FalconPunctuation => field ??= Of(@"[\p{P}$+<=>^~|`]+");

    public static Expression AnyPunctuation => field ??= Of(@"[\p{P}!-/:-@\[-`{-~]");

    public static Expression Sentinels => field ??= Of("<sentinel:[0-9]+>");

    public static Expression ImageTokens => field ??= Of("IMGIMG[A-I]{1,4}Z");

    public static Expression TabsAndSpaces => field ??= Of("[\t\n]|    |  ");

    public static Expression LineBreak => field ??= Of(@"[\r\n]");

    public static Expression Lines => field ??= Of(@"[^\n]+|\n+");

    public static Expression NoSpace => field ??= Of(@"\S+");

    // The model's own list of letters: those with case, but for Georgian's small ones, which had none when it was made.
    public static Expression CasedLetters => field ??= Of(@"\s?[\p{Lu}\p{Ll}\p{Lt}&&[^\x{10D0}-\x{10FA}\x{10FD}-\x{10FF}]]+");

    public static Expression DeepSeekPunctuation => field ??= Of(@"\s?[!-/:-~！-／：-～‘-‟\x{3000}-。]+");

    public static Expression SpaceAtEnd => field ??= Of(@"\s+\z");

    public static Expression SpaceAndLetters => field ??= Of(@"\s?\p{L}+");

    public static Expression SpaceAndPunctuation => field ??= Of(@"\s?\p{P}+");

    private static Expression Of(string pattern) => Expression.Create(pattern, nameof(WordPatterns));
}
