using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>
/// The table of pre-tokenizers, by the names that <c>tokenizer.ggml.pre</c> uses. The expressions are the published ones:
/// GPT-2's encoder.py, and the tokenizer.json of Llama 3, Qwen2 and StarCoder.
/// </summary>
internal static partial class PreTokenizers
{
    private static readonly PreTokenizer Gpt2Words = new([Gpt2()]);
    private static readonly PreTokenizer Llama3Words = new([Llama3()], ignoreMerges: true, addBos: true);
    private static readonly PreTokenizer Qwen2Words = new([Qwen2()]);
    private static readonly PreTokenizer DigitWords = new([Digit(), Gpt2()]);
    private static readonly PreTokenizer DefaultWords = new([Punctuation(), Gpt2(), Digits(), ThreeDigits()]);

    private static readonly SortedDictionary<string, PreTokenizer> Table = new(StringComparer.Ordinal)
    {
        ["default"] = DefaultWords,
        ["gpt-2"] = Gpt2Words,
        ["gpt2"] = Gpt2Words,
        ["phi-2"] = Gpt2Words,
        ["llama-bpe"] = Llama3Words,
        ["llama3"] = Llama3Words,
        ["llama-v3"] = Llama3Words,
        ["qwen2"] = Qwen2Words,
        ["deepseek-r1-qwen"] = Qwen2Words,
        ["starcoder"] = DigitWords,
        ["refact"] = DigitWords,
        ["command-r"] = DigitWords,
        ["smollm"] = DigitWords,
    };

    public static PreTokenizer Find(string? name) => Table.TryGetValue(name ?? "default", out var found)
        ? found
        : throw new TokenizerException(
            nameof(TokenizerData.PreTokenizer), "one of " + string.Join(", ", Table.Keys), TokenizerException.Show(name!));

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2();

    [GeneratedRegex(
        @"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant)]
    private static partial Regex Llama3();

    [GeneratedRegex(
        @"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant)]
    private static partial Regex Qwen2();

    [GeneratedRegex(@"\p{N}", RegexOptions.CultureInvariant)]
    private static partial Regex Digit();

    [GeneratedRegex(@"[\p{P}\$\+<=>\^~\|]+", RegexOptions.CultureInvariant)]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"\p{N}+", RegexOptions.CultureInvariant)]
    private static partial Regex Digits();

    [GeneratedRegex(@"[0-9][0-9][0-9]", RegexOptions.CultureInvariant)]
    private static partial Regex ThreeDigits();
}
