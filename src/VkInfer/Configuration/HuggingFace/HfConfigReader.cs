using VkInfer.Families;
using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>
/// What families read from a Hugging Face folder's <c>config.json</c>: the shape they all have, and typed access to what only some have. The
/// counterpart of <see cref="GgufConfigReader"/>.
/// </summary>
internal sealed class HfConfigReader(HfJson json)
{
    private static readonly string[] ActivationKeys = ["hidden_activation", "hidden_act", "activation_function"];

    /// <summary>The file.</summary>
    public HfJson Json => json;

    /// <summary>The value of <c>model_type</c>.</summary>
    public string ModelType => json.String("model_type");

    /// <summary>Describes the model of a folder.</summary>
    /// <exception cref="UnsupportedModelException">A field is missing or wrong, or the model is of a kind that does not run here.</exception>
    public static ModelConfig Read(HfJson json)
    {
        var reader = new HfConfigReader(json);
        ModelConfig config = ModelFamily.FindHuggingFace(json.Path, reader.ModelType).Describe(reader);
        config.Validate(json.Path);
        return config;
    }

    /// <summary>Reads what most architectures have, by the names that Llama gave it.</summary>
    /// <param name="architecture">GGUF's name of the architecture.</param>
    public ModelConfig ReadShape(string architecture)
    {
        int hidden = json.Int("hidden_size", ModelLimits.MaxWidth);
        int heads = json.Int("num_attention_heads", ModelLimits.MaxHeads);
        int headDim = json.TryInt("head_dim", ModelLimits.MaxWidth) ?? hidden / heads;
        int experts = json.TryInt("num_local_experts", ModelLimits.MaxExperts) ?? json.TryInt("num_experts", ModelLimits.MaxExperts) ?? 0;
        int layers = json.Int("num_hidden_layers", ModelLimits.MaxLayers);

        // Models whose layers differ have one object for each kind.
        HfJson? rope = json.TryObject("rope_parameters");
        rope = rope?.TryObject("full_attention") ?? rope ?? json.TryObject("rope_scaling");
        float rotated = json.TryPositive("partial_rotary_factor") ?? rope?.TryPositive("partial_rotary_factor") ?? 1;
        int rotary = (int)(headDim * rotated);
        return new ModelConfig
        {
            Architecture = architecture,
            VocabSize = json.Int("vocab_size", ModelLimits.MaxVocabSize),
            HiddenSize = hidden,
            IntermediateSize = json.TryInt("moe_intermediate_size", ModelLimits.MaxWidth) ?? json.Int("intermediate_size", ModelLimits.MaxWidth),
            NumExperts = experts,
            NumExpertsPerToken = experts > 0 ? json.Int("num_experts_per_tok", ModelLimits.MaxExperts) : 0,
            NumLayers = layers,
            NumHeads = heads,
            NumKvHeads = json.TryInt("num_key_value_heads", ModelLimits.MaxHeads) ?? heads,
            HeadDim = headDim,
            RotaryDim = rotary,
            RopePairing = RopePairing.SplitHalf,
            RopeTheta = json.TryPositive("rope_theta") ?? rope?.TryPositive("rope_theta") ?? 10000f,
            RopeScaling = rope is null ? null : ReadScaling(rope, rotary / 2),
            NormEps = json.TryPositive("rms_norm_eps") ?? 1e-6f,
            Activation = ReadActivation(),
            Windows = ReadWindows(layers),
            MaxContextLength = json.TryInt("max_position_embeddings", ModelLimits.MaxContextLength) ?? ModelOptions.DefaultContextLength,
        };
    }

    /// <summary>Reads the function of the feed-forward layer.</summary>
    public ActivationFunction ReadActivation()
    {
        string key = ActivationKeys.FirstOrDefault(json.IsString) ?? ActivationKeys[0];
        return json.TryString(key) switch
        {
            null or "silu" or "swish" => ActivationFunction.Silu,
            "gelu_pytorch_tanh" or "gelu_new" => ActivationFunction.Gelu,
            "relu" => ActivationFunction.Relu,
            string other => throw json.Wrong(key, "silu, gelu_pytorch_tanh, gelu_new or relu", $"\"{other}\""),
        };
    }

    /// <summary>
    /// The window of each layer: of those that <c>layer_types</c> names, else of all; with <c>max_window_layers</c>, as Qwen has it, of those
    /// from there on if <c>use_sliding_window</c> says so.
    /// </summary>
    private IReadOnlyList<int> ReadWindows(int layers)
    {
        int? full = json.TryInt("max_window_layers", ModelLimits.MaxLayers);
        bool isUsed = json.TryBool("use_sliding_window") ?? full is null;
        if (!isUsed || json.TryInt("sliding_window", ModelLimits.MaxContextLength) is not { } window)
        {
            return [];
        }

        IReadOnlyList<string> types = json.Strings("layer_types");
        if (types.Count == 0)
        {
            return [.. Enumerable.Range(0, layers).Select(layer => layer < (full ?? 0) ? 0 : window)];
        }

        return types.Count == layers
            ? [.. types.Select(type => type switch
            {
                "full_attention" => 0,
                "sliding_attention" => window,
                _ => throw json.Wrong("layer_types", "full_attention and sliding_attention", $"\"{type}\""),
            })]
            : throw json.Wrong("layer_types", $"{layers} types", $"a list of {types.Count}");
    }

    private RopeScaling? ReadScaling(HfJson rope, int pairs)
    {
        string type = rope.TryString("rope_type") ?? rope.TryString("type") ?? "default";
        return type switch
        {
            "default" => null,
            "linear" => new LinearRopeScaling(Number("factor")),
            "llama3" => ReadLlama3(rope),
            "yarn" when rope.TryPositive("mscale") is null && rope.TryBool("truncate") != false => new YarnRopeScaling(
                Number("factor"), rope.Int("original_max_position_embeddings", ModelLimits.MaxContextLength), rope.TryPositive("beta_fast") ?? 32f,
                rope.TryPositive("beta_slow") ?? 1f, rope.TryPositive("attention_factor")),
            "longrope" or "su" => ReadLongRope(rope, pairs),
            _ => throw rope.Wrong("rope_type", "default, linear, llama3, longrope, or yarn without mscale and with truncate", $"\"{type}\""),
        };

        float Number(string key) => rope.Positive(key);
    }

    private LongRopeScaling ReadLongRope(HfJson rope, int pairs)
    {
        int original = rope.TryInt("original_max_position_embeddings", ModelLimits.MaxContextLength)
            ?? json.Int("original_max_position_embeddings", ModelLimits.MaxContextLength);
        int longest = json.Int("max_position_embeddings", ModelLimits.MaxContextLength);
        return new LongRopeScaling(
            Factors("short_factor"), Factors("long_factor"), original,
            rope.TryPositive("attention_factor") ?? LongRopeScaling.DefaultMagnitude(longest, original));

        IReadOnlyList<float> Factors(string key) => rope.Positives(key) is var factors && factors.Count == pairs
            ? factors
            : throw rope.Wrong(key, $"{pairs} numbers", $"a list of {factors.Count}");
    }

    private static Llama3RopeScaling ReadLlama3(HfJson rope)
    {
        (float low, float high) = (rope.Positive("low_freq_factor"), rope.Positive("high_freq_factor"));
        return low < high
            ? new Llama3RopeScaling(rope.Positive("factor"), low, high, rope.Int("original_max_position_embeddings", ModelLimits.MaxContextLength))
            : throw rope.Wrong("high_freq_factor", $"a number above low_freq_factor, {low}", high);
    }
}
