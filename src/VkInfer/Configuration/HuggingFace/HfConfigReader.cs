using Microsoft.Extensions.Logging;
using VkInfer.Families;
using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>
/// What families read from a Hugging Face folder's <c>config.json</c>: the shape they all have, and typed access to what only some have.
/// The counterpart of <see cref="GgufConfigReader"/>.
/// </summary>
internal sealed class HfConfigReader
{
    private readonly ILogger? _logger;

    private HfConfigReader(HfJson json, IWeightSource? weights, ILogger? logger)
    {
        Json = ModelFamily.TextConfig(json);
        ModelType = json.String("model_type");
        Tensors = new TensorShapes(weights, json.Path, logger);
        _logger = logger;
    }

    /// <summary>The fields of the model: the file, or of a model with more than text the part about it.</summary>
    public HfJson Json { get; }

    /// <summary>The value of <c>model_type</c>.</summary>
    public string ModelType { get; }

    /// <summary>What the file calls the sizes, for messages; families with names of their own set it.</summary>
    public ShapeKeys Names { get; set; } = ShapeKeys.HuggingFace;

    /// <summary>What the weights say.</summary>
    public TensorShapes Tensors { get; }

    /// <summary>Describes the model of a folder.</summary>
    /// <param name="json">Its <c>config.json</c>.</param>
    /// <param name="weights">Its weights, which are right where the file says otherwise; null: there are none.</param>
    /// <param name="logger">Where such differences are told.</param>
    /// <exception cref="UnsupportedModelException">A field is missing or wrong, or the model is of a kind that does not run
    /// here.</exception>
    public static ModelConfig Read(HfJson json, IWeightSource? weights = null, ILogger? logger = null)
    {
        var reader = new HfConfigReader(json, weights, logger);
        ModelConfig config = ModelFamily.FindHuggingFace(json.Path, reader.ModelType).Describe(reader);
        config.Validate(json.Path, reader.Names);
        return config;
    }

    /// <summary>Reads what most architectures have, by the names that Llama gave it.</summary>
    /// <param name="architecture">GGUF's name of the architecture.</param>
    /// <param name="defaults">What counts where a key is absent.</param>
    public ModelConfig ReadShape(string architecture, HfDefaults defaults)
    {
        if (!defaults.HasLayerOverrides)
        {
            HfLayerOverrides.Read(Json);
        }

        int hidden = Tensors.HiddenSize(Json.TryInt("hidden_size", ModelLimits.MaxWidth) ?? defaults.HiddenSize, Json.Where("hidden_size"));
        int heads = Json.TryInt("num_attention_heads", ModelLimits.MaxHeads) ?? defaults.NumHeads;
        int kvHeads = Json.TryInt("num_key_value_heads", ModelLimits.MaxHeads)
            ?? (Json.Has("num_key_value_heads") ? null : defaults.NumKvHeads) ?? heads;
        int layers = Json.TryInt("num_hidden_layers", ModelLimits.MaxLayers) ?? defaults.NumLayers;
        string headKey = defaults.HeadDimKey;
        int declared = Json.TryInt(headKey, ModelLimits.MaxWidth) ?? (Json.Has(headKey) ? null : defaults.HeadDim) ?? hidden / heads;
        (int headDim, _) = Tensors.HeadDim(
            heads, kvHeads, declared, Json.Where(headKey), defaults.HasHeadsOfLastLayer ? layers - 1 : 0);
        int context = Json.TryInt("max_position_embeddings", ModelLimits.MaxContextLength) ?? defaults.MaxContextLength;
        string? expertsKey = new[] { defaults.ExpertsKey, "num_local_experts", "num_experts" }.FirstOrDefault(
            key => key is not null && Json.IsSet(key));
        int experts = defaults.NumExperts == 0 ? 0
            : expertsKey is null ? defaults.NumExperts : Json.Int(expertsKey, ModelLimits.MaxExperts);
        bool hasRotaryDim = defaults.RotaryDimKey is { } rotaryKey && Json.IsSet(rotaryKey);
        Names = Names with
        {
            Experts = expertsKey ?? defaults.ExpertsKey ?? Names.Experts,
            RotaryDim = hasRotaryDim ? defaults.RotaryDimKey! : Names.RotaryDim,
        };

        var rope = new HfRopeReader(Json, defaults, _logger);
        int rotary = rope.IsProportional ? headDim
            : hasRotaryDim ? Json.Int(defaults.RotaryDimKey!, ModelLimits.MaxWidth)
            : (int)((headDim * (double)rope.RotatedShare) + 1e-4);
        return new ModelConfig
        {
            Architecture = architecture,
            VocabSize = Tensors.VocabSize(Json.TryInt("vocab_size", int.MaxValue) ?? defaults.VocabSize, Json.Where("vocab_size")),
            HiddenSize = hidden,
            IntermediateSize = Tensors.IntermediateSize(
                Json.TryInt(defaults.WidthKey, ModelLimits.MaxWidth) ?? defaults.IntermediateSize,
                Json.Where(defaults.WidthKey),
                experts > 0),
            NumExperts = experts,
            NumExpertsPerToken = experts > 0
                ? Json.TryInt(defaults.ExpertsPerTokenKey, ModelLimits.MaxExperts) ?? defaults.NumExpertsPerToken
                : 0,
            NumLayers = layers,
            NumHeads = heads,
            NumKvHeads = kvHeads,
            HeadDim = headDim,
            RotaryDim = rotary,
            RopePairing = RopePairing.SplitHalf,
            RopeTheta = rope.Theta,
            RopeScaling = rope.ReadScaling(rotary / 2, context),
            WindowedRopeTheta = rope.Windows?.TryNumber("rope_theta", NumberRange.RopeTheta),
            NormEps = Json.TryNumber(defaults.EpsilonKey, NumberRange.Epsilon) ?? defaults.NormEps,
            Activation = ReadActivation(defaults.ActivationKey, defaults.Activation),
            Windows = HfWindowReader.Read(Json, defaults, layers),
            MaxContextLength = context,
        };
    }

    /// <summary>Reads the function of the feed-forward layer.</summary>
    public ActivationFunction ReadActivation(string key, string fallback) => (Json.TryString(key) ?? fallback) switch
    {
        "silu" or "swish" => ActivationFunction.Silu,
        "gelu_pytorch_tanh" or "gelu_new" or "gelu_fast" => ActivationFunction.Gelu,
        "relu" => ActivationFunction.Relu,
        "gelu" => ActivationFunction.GeluErf,
        "relu2" => ActivationFunction.ReluSquared,
        string other => throw Json.Wrong(key, "silu, gelu, gelu_pytorch_tanh, gelu_new, relu or relu2", $"\"{other}\""),
    };

    /// <summary>A factor of activations.</summary>
    public float Factor(string key, float fallback = 1) => Json.TryNumber(key, NumberRange.Factor) ?? fallback;

    /// <summary>Refuses a field that asks for what does not run here.</summary>
    /// <param name="key">The field.</param>
    /// <param name="refused">Its value then.</param>
    /// <param name="why">What that would mean.</param>
    public void Refuse(string key, bool refused, string why)
    {
        if (Json.TryBool(key) == refused)
        {
            throw Json.Wrong(key, refused ? $"false: {why}" : $"true: {why}", refused ? "true" : "false");
        }
    }

    /// <summary>Refuses a text other than those that run here.</summary>
    /// <param name="key">The field, which may be absent.</param>
    /// <param name="expected">Its values that run.</param>
    public void Require(string key, params ReadOnlySpan<string> expected)
    {
        if (Json.TryString(key) is { } said && !expected.Contains(said))
        {
            throw Json.Wrong(key, string.Join(" or ", expected.ToArray()), $"\"{said}\"");
        }
    }

    /// <summary>Refuses a number other than 0.</summary>
    /// <param name="key">The field.</param>
    /// <param name="why">What it would mean.</param>
    public void RefuseCount(string key, string why)
    {
        if (Json.TryInt(key, int.MaxValue, min: 0) is > 0 and var count)
        {
            throw Json.Wrong(key, $"0: {why}", count);
        }
    }
}
