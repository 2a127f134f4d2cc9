namespace VkInfer.Cli.Settings;

/// <summary>One of <see cref="VkInferOptions"/> or <see cref="ResearchOptions"/> as a person sets it.</summary>
/// <param name="Name">Its name in files; in the environment <c>VKINFER_</c> and the name.</param>
/// <param name="Switch">Its name on the command line.</param>
/// <param name="Description">One line of help.</param>
internal sealed record Setting(string Name, string Switch, string Description)
{
    /// <summary>Prefix of environment variables.</summary>
    public const string EnvironmentPrefix = "VKINFER_";

    /// <summary>Every setting there is.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new(nameof(VkInferOptions.Model), "--model",
            "The model: a GGUF file, a Hugging Face folder, or a name like hf:owner/repo:Q4_K_M; without it the embedded model is used."),
        new(nameof(VkInferOptions.Device), "--device",
            "The Vulkan device: auto, an index, discrete, integrated, software, or part of a name."),
        new(nameof(VkInferOptions.KvType), "--kv-type", "Element type of the KV cache: F16 (default), F32 or Q8_0."),
        new(nameof(VkInferOptions.ContextLength), "--context", "Positions of the KV cache, in tokens."),
        new(nameof(VkInferOptions.PrefillChunk), "--prefill-chunk", "Most tokens that one pass of prefill takes."),
        new(nameof(VkInferOptions.Scheduling), "--scheduling",
            "What steps favour while prompts and answers run at once: latencyFirst (default) or throughputFirst."),
        new(nameof(VkInferOptions.MaxKvPages), "--max-kv-pages", "Most pages of the KV cache, of 32 tokens each; without it: free memory."),
        new(nameof(VkInferOptions.PrefixCaching), "--prefix-caching",
            "Whether equal beginnings of prompts are computed once: true (default) or false."),
        new(nameof(VkInferOptions.Reproducible), "--reproducible", "Equal seeds give equal bits, whatever else runs beside; slower."),
        new(nameof(VkInferOptions.Draft), "--draft", "A smaller model of the same vocabulary that guesses what follows."),
        new(nameof(VkInferOptions.Quantize), "--quantize", "What float weights become while the model is loaded: Q8_0 or Q4_0."),
        new(nameof(ResearchOptions.Softmax), "--softmax",
            "The softmax of attention: auto (default), asynchronized, synchronized or conditional."),
        new(nameof(ResearchOptions.Linear), "--linear", "The products of linear layers: auto (default), gemv, flat or tiled."),
        new(nameof(ResearchOptions.Dispatches), "--dispatches",
            "What orders the dispatches of a decode step: auto (default), barriers or chained."),
        new(nameof(VkInferOptions.Validation), "--validation", "Runs under the Vulkan validation layers."),
        new(nameof(VkInferOptions.Temperature), "--temperature", "Divides the logits; 0 always takes the most likely token."),
        new(nameof(VkInferOptions.TopK), "--top-k", "Keeps the k most likely tokens; 0 keeps all."),
        new(nameof(VkInferOptions.TopP), "--top-p", "Keeps the fewest tokens whose probabilities sum to this; 1 keeps all."),
        new(nameof(VkInferOptions.MinP), "--min-p", "Keeps tokens at least this fraction as likely as the likeliest; 0 keeps all."),
        new(nameof(VkInferOptions.TypicalP), "--typical-p", "Keeps the most typical tokens whose probabilities sum to this; 1 keeps all."),
        new(nameof(VkInferOptions.RepetitionPenalty), "--repetition-penalty",
            "Makes tokens seen before less likely: divides positive logits; 1 is off."),
        new(nameof(VkInferOptions.FrequencyPenalty), "--frequency-penalty",
            "Taken from a token's logit for each time it was seen before; 0 is off."),
        new(nameof(VkInferOptions.PresencePenalty), "--presence-penalty",
            "Taken from a token's logit once if it was seen before; 0 is off."),
        new(nameof(VkInferOptions.PenaltyWindow), "--penalty-window", "How many of the latest tokens count as seen before; 0: all."),
        new(nameof(VkInferOptions.LogitBias), "--logit-bias", "Added to the logits of tokens, ID=VALUE,…; -inf excludes a token."),
        new(nameof(VkInferOptions.LogProbabilities), "--logprobs",
            "Gives the log-probability of each token, and those of the N likeliest ones."),
        new(nameof(VkInferOptions.Seed), "--seed", "Seed of the random choice; equal seeds give equal tokens."),
        new(nameof(VkInferOptions.MaxTokens), "--max-tokens", "Most tokens of one answer."),
        new(nameof(VkInferOptions.StopStrings), "--stop", "Text that ends the answer; may be given more than once."),
        new(nameof(VkInferOptions.IgnoreEndOfText), "--ignore-eos", "Goes on past the model's end-of-text tokens."),
        new(nameof(VkInferOptions.Speculates), "--speculate", "Guesses what follows and verifies several tokens at once, where that pays."),
        new(nameof(VkInferOptions.Priority), "--priority", "Who is served first where not all fit: more is sooner; 0 by default."),
        new(nameof(VkInferOptions.Deadline), "--deadline", "How long an answer may take, as 00:00:30; then it ends with what there is."),
        new(nameof(VkInferOptions.Overflow), "--overflow",
            "When the context is full: stop (default), error, or dropOldestTurns of a chat."),
    ];

    /// <summary>Whether it is a switch without a value.</summary>
    public bool IsFlag =>
        Name is nameof(VkInferOptions.Validation) or nameof(VkInferOptions.Speculates) or nameof(VkInferOptions.IgnoreEndOfText)
            or nameof(VkInferOptions.Reproducible);

    /// <summary>Name of the environment variable.</summary>
    public string EnvironmentName => EnvironmentPrefix + Name.ToUpperInvariant();

    /// <summary>Finds a setting by its name, in any case; null if there is none.</summary>
    public static Setting? Find(string name) => All.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
