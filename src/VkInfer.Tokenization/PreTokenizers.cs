using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>
/// The table of pre-tokenizers, by the names that <c>tokenizer.ggml.pre</c> uses. The expressions are the published ones: GPT-2's
/// encoder.py, and the tokenizer.json of the model that a name is from.
/// </summary>
internal static class PreTokenizers
{
    /// <summary>How steps of a <c>tokenizer.json</c> are told that are no expressions.</summary>
    private const string ByteLevelStep = "ByteLevel";
    private const string DigitsStep = "Digits";

    private static readonly PreTokenizer Gpt2 = new([WordPatterns.Gpt2()]);
    private static readonly PreTokenizer Llama3 = new([WordPatterns.Llama3()]);
    private static readonly PreTokenizer Llama3WithBos = new([WordPatterns.Llama3()], ignoreMerges: true, addBos: true);
    private static readonly PreTokenizer Qwen2 = new([WordPatterns.Qwen2()]);
    private static readonly PreTokenizer DigitThenGpt2 = new([WordPatterns.Digit(), WordPatterns.Gpt2()]);
    private static readonly PreTokenizer Default =
        new([WordPatterns.Punctuation(), WordPatterns.Gpt2(), WordPatterns.Digits(), WordPatterns.ThreeDigits()]);
    private static readonly PreTokenizer Bloom = new([WordPatterns.Bloom()]);
    private static readonly PreTokenizer Gpt4o = new([WordPatterns.Gpt4o()]);
    private static readonly PreTokenizer DeepSeekV3 = new([WordPatterns.ThreeNumbers(), WordPatterns.Cjk(), WordPatterns.DeepSeekV3()]);

    private static readonly SortedDictionary<string, PreTokenizer> Table = new(StringComparer.Ordinal)
    {
        ["default"] = Default,
        ["gpt-2"] = Gpt2,
        ["gpt2"] = Gpt2,
        ["phi-2"] = Gpt2,
        ["mpt"] = Gpt2,
        ["olmo"] = Gpt2,
        ["jais"] = Gpt2,
        ["trillion"] = Gpt2,
        ["roberta-bpe"] = Gpt2,
        ["llama-bpe"] = Llama3WithBos,
        ["llama3"] = Llama3WithBos,
        ["llama-v3"] = Llama3WithBos,
        ["falcon3"] = Llama3WithBos,
        ["pixtral"] = Llama3WithBos,
        ["dbrx"] = Llama3,
        ["smaug-bpe"] = Llama3,
        ["chatglm-bpe"] = Llama3,
        ["glm4"] = Llama3,
        ["qwen2"] = Qwen2,
        ["deepseek-r1-qwen"] = Qwen2,
        ["stablelm2"] = Qwen2,
        ["hunyuan"] = Qwen2,
        ["megrez"] = Qwen2,
        ["starcoder"] = DigitThenGpt2,
        ["refact"] = DigitThenGpt2,
        ["command-r"] = DigitThenGpt2,
        ["smollm"] = DigitThenGpt2,
        ["codeshell"] = DigitThenGpt2,
        ["exaone"] = DigitThenGpt2,
        ["minerva-7b"] = DigitThenGpt2,
        ["falcon"] = new([WordPatterns.FalconPunctuation(), WordPatterns.Gpt2(), WordPatterns.ThreeDigits()]),
        ["bloom"] = Bloom,
        ["poro-chat"] = Bloom,
        ["gpt3-finnish"] = Bloom,
        ["viking"] = new([WordPatterns.Bloom(), WordPatterns.Digit()]),
        ["tekken"] = new([WordPatterns.Tekken()], ignoreMerges: true, addBos: true),
        ["gpt-4o"] = Gpt4o,
        ["llama4"] = Gpt4o,
        ["seed-coder"] = new([WordPatterns.SeedCoder()]),
        ["deepseek-llm"] = new(
        [
            WordPatterns.LineBreak(), WordPatterns.CasedLetters(), WordPatterns.DeepSeekPunctuation(), WordPatterns.SpaceAtEnd(),
            WordPatterns.WideCjk(), WordPatterns.Digits(),
        ]),
        ["deepseek-coder"] = new(
        [
            WordPatterns.LineBreak(), WordPatterns.SpaceAndLetters(), WordPatterns.SpaceAndPunctuation(), WordPatterns.WideCjk(),
            WordPatterns.Digit(),
        ]),
        ["deepseek-v3"] = DeepSeekV3,
        ["hunyuan-dense"] = DeepSeekV3,
    };

    /// <summary>The expressions as <c>tokenizer.json</c> files write them, where ours are written otherwise.</summary>
    private static readonly Dictionary<string, Regex> Published = new(StringComparer.Ordinal)
    {
        [WordPatterns.Gpt2Text] = WordPatterns.Gpt2(),
        [WordPatterns.Llama3Published] = WordPatterns.Llama3(),
        [WordPatterns.Qwen2Published] = WordPatterns.Qwen2(),
        [WordPatterns.TekkenText] = WordPatterns.Tekken(),
        [WordPatterns.Gpt4oPublished] = WordPatterns.Gpt4o(),
        [WordPatterns.DeepSeekV3Text] = WordPatterns.DeepSeekV3(),
        [WordPatterns.BloomText] = WordPatterns.Bloom(),
    };

    /// <summary>Names of what <c>tokenizer.json</c> files do, by their steps.</summary>
    private static readonly (string[] Steps, string Name)[] Names =
    [
        ([ByteLevelStep], "gpt-2"),
        ([WordPatterns.Gpt2Text], "gpt-2"),
        ([DigitsStep, ByteLevelStep], "smollm"),
        (["Punctuation", ByteLevelStep, "Digits+", "[0-9][0-9][0-9]"], "falcon"),
        ([WordPatterns.Llama3Published], "llama-bpe"),
        ([WordPatterns.Qwen2Published], "qwen2"),
        ([WordPatterns.TekkenText], "tekken"),
        ([WordPatterns.Gpt4oPublished], "gpt-4o"),
        ([WordPatterns.BloomText], "bloom"),
        ([WordPatterns.ThreeNumbersText, WordPatterns.CjkText, WordPatterns.DeepSeekV3Text], "deepseek-v3"),
    ];

    public static PreTokenizer Find(string? name) => Table.TryGetValue(name ?? "default", out var found)
        ? found
        : throw new TokenizerException(
            nameof(TokenizerData.PreTokenizer), "one of " + string.Join(", ", Table.Keys), TokenizerException.Show(name!));

    /// <summary>The compiled form of a published expression; null where it is none.</summary>
    public static Regex? TryFindPublished(string pattern) => Published.GetValueOrDefault(pattern);

    /// <summary>GGUF's name for steps that cut words: expressions, <c>ByteLevel</c> with its own, <c>Digits</c>; null where it has none.</summary>
    public static string? FindName(IReadOnlyList<string> steps)
    {
        string[] used = [.. steps.Where(step => step.Length > 0)];
        return Array.Find(Names, name => name.Steps.SequenceEqual(used)).Name;
    }
}
