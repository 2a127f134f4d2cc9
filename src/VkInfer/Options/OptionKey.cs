using System.Globalization;
using VkInfer.Kernels;
using VkInfer.Loading;

namespace VkInfer;

/// <summary>One key of <see cref="VkInferOptions"/>: its names, what it allows, and how its text becomes a value.</summary>
/// <param name="Name">Name in files, e.g. <c>KvType</c>; in the environment <c>VKINFER_KVTYPE</c>.</param>
/// <param name="Switch">Name on the command line, e.g. <c>--kv-type</c>.</param>
/// <param name="Description">One line of help.</param>
/// <param name="Allowed">What a value may be, so that it reads after "is not".</param>
/// <param name="Apply">The options with the text's value, or null where the text is not allowed.</param>
internal sealed record OptionKey(
    string Name, string Switch, string Description, string Allowed, Func<VkInferOptions, string, VkInferOptions?> Apply)
{
    /// <summary>Prefix of environment variables.</summary>
    public const string EnvironmentPrefix = "VKINFER_";

    private const int MaxContextLength = 1 << 24;

    /// <summary>Every key there is.</summary>
    public static IReadOnlyList<OptionKey> All { get; } =
    [
        new(nameof(VkInferOptions.Model), "--model",
            "The model: a GGUF file, a Hugging Face folder, or a name like hf:owner/repo:Q4_K_M; without it the embedded model is used.",
            "a path or a name", (o, text) => text.Length > 0 ? o with { Model = text } : null),
        new(nameof(VkInferOptions.Device), "--device",
            "The Vulkan device: auto, an index, discrete, integrated, software, or part of a name.",
            "auto, an index, a device type or part of a name", (o, text) => text.Length > 0 ? o with { Device = text } : null),
        new(nameof(VkInferOptions.KvType), "--kv-type", "Element type of the KV cache: F16 (default) or F32.",
            "one of F16, F32", (o, text) => NameOf<KvType>(text) is { } value ? o with { KvType = value } : null),
        new(nameof(VkInferOptions.ContextLength), "--context", "Positions of the KV cache, in tokens.",
            $"a whole number from 1 to {MaxContextLength}",
            (o, text) => IntOf(text, 1, MaxContextLength) is { } value ? o with { ContextLength = value } : null),
        new(nameof(VkInferOptions.PrefillChunk), "--prefill-chunk", "Most tokens that one pass of prefill takes.",
            "a multiple of 64 from 64 to 8192",
            (o, text) => IntOf(text, 64, 8192) is { } value && value % 64 == 0 ? o with { PrefillChunk = value } : null),
        new(nameof(VkInferOptions.Quantize), "--quantize", "What float weights become while the model is loaded: Q8_0 or Q4_0.",
            $"one of {string.Join(", ", Quantization.Supported)}",
            (o, text) => QuantizationOf(text) is { } value ? o with { Quantize = value } : null),
        new(nameof(VkInferOptions.Softmax), "--softmax",
            "The softmax of attention: auto (default), asynchronized, synchronized or conditional.",
            "one of auto, asynchronized, synchronized, conditional",
            (o, text) => NameOf<SoftmaxChoice>(text) is { } value ? o with { Softmax = value } : null),
        new(nameof(VkInferOptions.Linear), "--linear", "The products of linear layers: auto (default), gemv, flat or tiled.",
            "one of auto, gemv, flat, tiled",
            (o, text) => NameOf<LinearChoice>(text) is { } value ? o with { Linear = value } : null),
        new(nameof(VkInferOptions.Validation), "--validation", "Runs under the Vulkan validation layers.",
            "true, false, 1 or 0", (o, text) => BoolOf(text) is { } value ? o with { Validation = value } : null),
        new(nameof(SamplingOptions.Temperature), "--temperature", "Divides the logits; 0 always takes the most likely token.",
            "a number from 0 to 100",
            (o, text) => FloatOf(text) is { } value and >= 0 and <= 100 ? Sampling(o, s => s with { Temperature = value }) : null),
        new(nameof(SamplingOptions.TopK), "--top-k", "Keeps the k most likely tokens; 0 keeps all.",
            "a whole number from 0",
            (o, text) => IntOf(text, 0, int.MaxValue) is { } value ? Sampling(o, s => s with { TopK = value }) : null),
        new(nameof(SamplingOptions.TopP), "--top-p", "Keeps the fewest tokens whose probabilities sum to this; 1 keeps all.",
            "a number above 0 and at most 1",
            (o, text) => FloatOf(text) is { } value and > 0 and <= 1 ? Sampling(o, s => s with { TopP = value }) : null),
        new(nameof(SamplingOptions.MinP), "--min-p", "Keeps tokens at least this fraction as likely as the likeliest; 0 keeps all.",
            "a number from 0 to 1",
            (o, text) => FloatOf(text) is { } value and >= 0 and <= 1 ? Sampling(o, s => s with { MinP = value }) : null),
        new(nameof(SamplingOptions.TypicalP), "--typical-p", "Keeps the most typical tokens whose probabilities sum to this; 1 keeps all.",
            "a number above 0 and at most 1",
            (o, text) => FloatOf(text) is { } value and > 0 and <= 1 ? Sampling(o, s => s with { TypicalP = value }) : null),
        new(nameof(SamplingOptions.RepetitionPenalty), "--repetition-penalty",
            "Makes tokens seen before less likely: divides positive logits; 1 is off.",
            "a number above 0 and at most 100",
            (o, text) => FloatOf(text) is { } value and > 0 and <= 100 ? Sampling(o, s => s with { RepetitionPenalty = value }) : null),
        new(nameof(SamplingOptions.FrequencyPenalty), "--frequency-penalty",
            "Taken from a token's logit for each time it was seen before; 0 is off.",
            "a number from -2 to 2",
            (o, text) => FloatOf(text) is { } value and >= -2 and <= 2 ? Sampling(o, s => s with { FrequencyPenalty = value }) : null),
        new(nameof(SamplingOptions.PresencePenalty), "--presence-penalty",
            "Taken from a token's logit once if it was seen before; 0 is off.",
            "a number from -2 to 2",
            (o, text) => FloatOf(text) is { } value and >= -2 and <= 2 ? Sampling(o, s => s with { PresencePenalty = value }) : null),
        new(nameof(SamplingOptions.PenaltyWindow), "--penalty-window", "How many of the latest tokens count as seen before; 0: all.",
            "a whole number from 0",
            (o, text) => IntOf(text, 0, int.MaxValue) is { } value ? Sampling(o, s => s with { PenaltyWindow = value }) : null),
        new(nameof(SamplingOptions.LogitBias), "--logit-bias", "Added to the logits of tokens, ID=VALUE,…; -inf excludes a token.",
            "a list ID=VALUE,… of token ids and numbers or -inf",
            (o, text) => BiasesOf(text) is { } value ? Sampling(o, s => s with { LogitBias = value }) : null),
        new(nameof(SamplingOptions.LogProbabilities), "--logprobs",
            "Gives the log-probability of each token, and those of the N likeliest ones.",
            $"a whole number from 0 to {SamplingOptions.MaxLogProbabilities}",
            (o, text) => IntOf(text, 0, SamplingOptions.MaxLogProbabilities) is { } value
                ? Sampling(o, s => s with { LogProbabilities = value }) : null),
        new(nameof(SamplingOptions.Seed), "--seed", "Seed of the random choice; equal seeds give equal tokens.",
            $"a whole number from 0 to {ulong.MaxValue}",
            (o, text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
                ? Sampling(o, s => s with { Seed = value }) : null),
        new(nameof(VkInferOptions.MaxTokens), "--max-tokens", "Most tokens of one answer.",
            "a whole number from 1",
            (o, text) => IntOf(text, 1, int.MaxValue) is { } value ? o with { MaxTokens = value } : null),
    ];

    /// <summary>Name of the environment variable.</summary>
    public string EnvironmentName => EnvironmentPrefix + Name.ToUpperInvariant();

    /// <summary>Finds a key by its name, in any case; null if there is none.</summary>
    public static OptionKey? Find(string name) => All.FirstOrDefault(key => key.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static VkInferOptions Sampling(VkInferOptions options, Func<SamplingOptions, SamplingOptions> change) =>
        options with { Sampling = change(options.Sampling) };

    private static int? IntOf(string text, int min, int max) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
            ? value
            : null;

    private static float? FloatOf(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value) ? value : null;

    private static Dictionary<int, float>? BiasesOf(string text)
    {
        var biases = new Dictionary<int, float>();
        foreach (string entry in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = entry.Split('=', 2, StringSplitOptions.TrimEntries);
            float? bias = parts.Length < 2 ? null : parts[1] == "-inf" ? float.NegativeInfinity : FloatOf(parts[1]);
            if (bias is null || IntOf(parts[0], 0, int.MaxValue) is not { } id || !biases.TryAdd(id, bias.Value))
            {
                return null;
            }
        }

        return biases;
    }

    private static bool? BoolOf(string text) => text switch
    {
        "1" => true,
        "0" => false,
        _ => bool.TryParse(text, out bool value) ? value : null,
    };

    private static WeightType? QuantizationOf(string text) => Quantization.Supported
        .Where(type => text.Equals(type.ToString(), StringComparison.OrdinalIgnoreCase)).Select(type => (WeightType?)type).FirstOrDefault();

    private static T? NameOf<T>(string text)
        where T : struct, Enum =>
        Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true) : null;
}
