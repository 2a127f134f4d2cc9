using static VkInfer.Tokenization.WordPatterns;

namespace VkInfer.Tokenization;

/// <summary>
/// The table of pre-tokenizers, by the names that <c>tokenizer.ggml.pre</c> uses. The names and what is the same for two of them are
/// llama.cpp's (llama-vocab.cpp); the expressions are the published ones, of GPT-2's encoder.py and of the tokenizer.json of the model
/// that a name is from.
/// </summary>
internal static class PreTokenizers
{
    /// <summary>How steps of a <c>tokenizer.json</c> are told that are no expressions.</summary>
    private const string ByteLevelStep = "ByteLevel";
    private const string DigitsStep = "Digits";

    /// <summary>Names and what they stand for; expressions are compiled when they are first used.</summary>
    private static readonly (string[] Names, Func<PreTokenizer> Create)[] Families =
    [
        (["default"], () => new([Punctuation, Gpt2, Digits, ThreeDigits])),
        (
            [
                "gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "trillion", "roberta-bpe", "jina-es", "jina-de", "jina-v2-es",
                "jina-v2-de", "jina-v1-en", "jina-v2-code", "gigachat", "a.x-4.0", "mellum", "modern-bert", "exaone4", "granite-docling",
            ],
            () => new([Gpt2])),
        (
            ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
            () => new([Llama3]) { IgnoreMerges = true, AddBos = true }),
        (["dbrx", "smaug-bpe", "chatglm-bpe", "glm4"], () => new([Llama3])),
        (["jais-2"], () => new([Jais2])),
        (
            ["qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "kormo", "f2llmv2", "solar-open", "grok-2"],
            () => new([Qwen2])),
        (["qwen35"], () => new([Qwen35])),
        (["ufakzeka"], () => new([Ufakzeka])),
        (["minicpm5"], () => new([ThreeNumbers, MiniCpm5]) { IgnoreMerges = true }),
        (["bailingmoe", "bailingmoe2", "llada-moe"], () => new([BailingMoe])),
        (["laguna"], () => new([Lines, Qwen2])),
        (["exaone-moe"], () => new([ExaoneMoe])),
        (
            ["starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"],
            () => new([Digit, Gpt2])),
        (["falcon"], () => new([FalconPunctuation, Gpt2, ThreeDigits])),
        (["bloom", "poro-chat", "gpt3-finnish"], () => new([Bloom])),
        (["viking"], () => new([Bloom, Digit])),
        (["tekken"], () => new([Tekken]) { IgnoreMerges = true, AddBos = true }),
        (["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], () => new([Gpt4o])),
        (["granite-embed-multi-97m"], () => new([Gpt4o]) { IgnoreMerges = true }),
        (["tiny_aya", "cohere2moe"], () => new([ThreeNumbersBeforeWordEnd, Gpt4o])),
        (["youtu"], () => new([YoutuScripts, Youtu]) { IgnoreMerges = true }),
        (["kimi-k2"], () => new([KimiK2])),
        (["superbpe"], () => new([Digits, BeforeThreeDigits])),
        (["seed-coder"], () => new([SeedCoder])),
        (["deepseek-llm"], () => new([LineBreak, CasedLetters, DeepSeekPunctuation, SpaceAtEnd, WideCjk, Digits])),
        (["deepseek-coder"], () => new([LineBreak, SpaceAndLetters, SpaceAndPunctuation, WideCjk, Digit])),
        (["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], () => new([ThreeNumbers, Cjk, DeepSeekV3])),
        (["spark2_5"], () => new([ThreeNumbers, Cjk, Spark25, Digit])),
        (["afmoe"], () => new([ThreeNumbersFromRight, AsianScripts, DeepSeekV3])),
        (["chameleon"], () => new([Sentinels, ImageTokens, TabsAndSpaces, Digit, AnyPunctuation, Gpt2]) { AddBos = true }),
        (["gemma4", "granite-embed-multi-311m", "sarvam-moe"], () => new([Lines]) { Alphabet = TokenAlphabet.Spaced }),
        (["whitespace"], () => new([NoSpace]) { Alphabet = TokenAlphabet.Text }),
    ];

    private static readonly SortedDictionary<string, Func<PreTokenizer>> Table = new(
        Families.SelectMany(family => family.Names.Select(name => KeyValuePair.Create(name, family.Create))).ToDictionary(),
        StringComparer.Ordinal);

    /// <summary>Names of what <c>tokenizer.json</c> files do, by their steps.</summary>
    private static readonly (string[] Steps, string Name)[] Layouts =
    [
        ([ByteLevelStep], "gpt-2"),
        ([Gpt2Text], "gpt-2"),
        ([DigitsStep, ByteLevelStep], "smollm"),
        (["Punctuation", ByteLevelStep, "Digits+", "[0-9][0-9][0-9]"], "falcon"),
        ([Llama3Published], "llama-bpe"),
        ([Qwen2Published], "qwen2"),
        ([Qwen35Published], "qwen35"),
        ([TekkenText], "tekken"),
        ([Gpt4oPublished], "gpt-4o"),
        ([BloomText], "bloom"),
        ([ThreeNumbersText, CjkText, DeepSeekV3Published], "deepseek-v3"),
    ];

    /// <summary>The pre-tokenizer of a name; null means <c>default</c>.</summary>
    /// <exception cref="TokenizerException">No one is called that.</exception>
    public static PreTokenizer Find(string? name) => Table.TryGetValue(name ?? "default", out Func<PreTokenizer>? create)
        ? create()
        : throw new TokenizerException(
            nameof(TokenizerData.PreTokenizer), "one of " + string.Join(", ", Table.Keys), TokenizerException.Show(name!));

    /// <summary>
    /// GGUF's name for steps that cut words: expressions, <c>ByteLevel</c> with its own, <c>Digits</c>; null where it has none.
    /// </summary>
    public static string? FindName(IReadOnlyList<string> steps)
    {
        string[] used = [.. steps.Where(step => step.Length > 0)];
        return Array.Find(Layouts, layout => layout.Steps.SequenceEqual(used)).Name;
    }
}
