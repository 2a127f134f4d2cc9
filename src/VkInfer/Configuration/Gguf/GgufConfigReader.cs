using Microsoft.Extensions.Logging;
using VkInfer.Families;
using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>
/// What families read from GGUF metadata: the shape they all have, and typed access to what only some have. Checks that the shape is of a
/// transformer that can exist. Where a size and the tensors disagree, the tensors are right.
/// </summary>
internal sealed class GgufConfigReader
{
    /// <summary>Our own key: a window for each layer, 0 for none, for architectures to which GGUF gives no key for windows.</summary>
    public const string OwnWindowsKey = "vkinfer.attention.sliding_windows";

    private const string WidthKey = "feed_forward_length";
    private const int MaxPoolingType = 4;

    private readonly GgufFile _file;
    private GgufConfigReader(GgufFile file, string architecture, ILogger? logger)
    {
        _file = file;
        Keys = new GgufKeys(file, architecture);
        Tensors = new TensorShapes(file, file.Path, logger);
    }

    /// <summary>The keys of the architecture.</summary>
    public GgufKeys Keys { get; }

    /// <summary>What the weights say.</summary>
    public TensorShapes Tensors { get; }

    /// <summary>Describes the model of a file.</summary>
    /// <exception cref="ModelFormatException">A key is missing or of another type.</exception>
    /// <exception cref="UnsupportedModelException">The model is of a kind that does not run here.</exception>
    public static ModelConfig Read(GgufFile file, ILogger? logger = null)
    {
        string architecture = file.GetString("general.architecture");
        var reader = new GgufConfigReader(file, architecture, logger);
        ModelConfig config = ModelFamily.Find(file.Path, architecture).Describe(reader);
        config.Validate(file.Path, ShapeKeys.Gguf(reader.Keys));
        return config;
    }

    /// <summary>Reads what every architecture has, as a Llama has it.</summary>
    /// <param name="norm">Decides which epsilon is read.</param>
    /// <param name="takesLongFactors">Whether the family has LongRoPE's factors whatever the type of scaling.</param>
    /// <param name="hasExpertWidth">Whether the family's experts have a width of their own.</param>
    /// <param name="hasOtherMixers">Whether the family has layers that do not attend, which have 0 key heads.</param>
    /// <param name="hasLatents">Whether the family caches latents, whose values are a part of keys.</param>
    /// <param name="hasOwnWidths">Whether feed-forward layers may differ in width; the first's is the model's then.</param>
    /// <param name="headLayer">The layer whose heads are the model's, where layers differ.</param>
    /// <param name="hasSingleBlocks">Whether the family has layers without a feed-forward layer, whose width is 0.</param>
    /// <param name="isEncoder">Whether tokens of the family see those behind them.</param>
    public ModelConfig ReadShape(
        NormKind norm = NormKind.RmsNorm, bool takesLongFactors = false, bool hasExpertWidth = false, bool hasOtherMixers = false,
        bool hasLatents = false, bool hasOwnWidths = false, int? headLayer = null, bool hasSingleBlocks = false,
        bool isEncoder = false)
    {
        if (Keys.TryFlag("attention.causal") == isEncoder)
        {
            throw Keys.Wrong("attention.causal", isEncoder
                ? "false: an encoder sees later positions"
                : "true: a decoder that sees later positions does not run here");
        }

        int? pooling = Keys.TryCount("pooling_type", MaxPoolingType, min: 0);
        if (isEncoder && pooling == MaxPoolingType)
        {
            throw Keys.Wrong("pooling_type", "0 to 3: a score in place of an embedding does not run here");
        }

        int layers = Keys.Count("block_count", ModelLimits.MaxLayers);
        int hidden = Tensors.HiddenSize(Keys.Count("embedding_length", ModelLimits.MaxWidth), Keys.Key("embedding_length"));
        int heads = Keys.Count("attention.head_count", ModelLimits.MaxHeads);
        int kvHeads = headLayer is { } of && Keys.TryPerLayer("attention.head_count_kv", layers) is { } counts
            ? KvHeads(counts[of])
            : hasOtherMixers && Keys.TryPerLayer("attention.head_count_kv", layers) is { } each
            && each.Where(count => count != 0).Distinct().ToArray() is [var only and > 0 and <= ModelLimits.MaxHeads]
                ? (int)only
                : Keys.TryCount("attention.head_count_kv", ModelLimits.MaxHeads) ?? heads;
        int headDim = ReadHeadDim(hidden, heads, kvHeads, headLayer ?? 0, hasLatents);
        int rotary = Keys.TryCount("rope.dimension_count", ModelLimits.MaxWidth) ?? headDim;
        int context = Keys.TryCount("context_length", ModelLimits.MaxContextLength) ?? ModelOptions.DefaultContextLength;
        int experts = Keys.TryCount("expert_count", ModelLimits.MaxExperts, min: 0) ?? 0;
        int used = experts == 0 ? 0 : Keys.TryCount("expert_used_count", ModelLimits.MaxExperts)
            ?? throw Keys.Missing("expert_used_count", $"a number of experts beside {Keys.Key("expert_count")}, {experts}");
        return new ModelConfig
        {
            Architecture = Keys.Architecture,
            VocabSize = Tensors.VocabSize(Keys.TryCount("vocab_size", int.MaxValue, min: 0), Keys.Key("vocab_size")),
            HiddenSize = hidden,
            IntermediateSize = hasOwnWidths && experts == 0 && FeedForwardWidths(layers) is [var first, ..]
                ? Tensors.IntermediateSize(first, Keys.Key(WidthKey), hasExperts: false)
                : ReadWidth(experts, used, hasExpertWidth, hasSingleBlocks ? layers : 0),
            NumExperts = experts,
            NumExpertsPerToken = used,
            NumLayers = layers,
            NumHeads = heads,
            NumKvHeads = kvHeads,
            HeadDim = headDim,
            RotaryDim = rotary,
            RopePairing = RopePairing.Interleaved,
            RopeTheta = Keys.TryNumber("rope.freq_base", NumberRange.RopeTheta) ?? 10000f,
            RopeScaling = new GgufRopeReader(Keys).Read(rotary, context, takesLongFactors),
            Norm = norm,
            NormEps = Keys.Number(
                norm == NormKind.RmsNorm ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", NumberRange.Epsilon),
            Windows = ReadOwnWindows(layers),
            MaxContextLength = context,
            IsEncoder = isEncoder,
            Pooling = pooling switch
            {
                1 => EmbeddingPooling.Mean,
                2 => EmbeddingPooling.Cls,
                3 => EmbeddingPooling.Last,
                _ => null, // 0: none, 4: a score of its own.
            },
        };
    }

    /// <summary>The model without the blocks that predict further tokens, which the file counts as layers.</summary>
    public ModelConfig WithoutPredictors(ModelConfig shape)
    {
        int next = Keys.TryCount("nextn_predict_layers", shape.NumLayers - 1, min: 0) ?? 0;
        return shape with { NumLayers = shape.NumLayers - next, NumLeftOut = next };
    }

    /// <summary>Key heads of a layer, of a key that has a number for each.</summary>
    /// <exception cref="ModelFormatException">It is no number of heads.</exception>
    public int KvHeads(long count) => count is > 0 and <= ModelLimits.MaxHeads ? (int)count
        : throw Keys.Wrong("attention.head_count_kv", $"integers from 1 to {ModelLimits.MaxHeads}");

    /// <summary>The windows of layers of which every so many-th sees everything.</summary>
    /// <param name="layers">Number of layers.</param>
    /// <param name="window">The window; 0: no layer has one.</param>
    /// <param name="period">
    /// Where the file has no <c>attention.sliding_window_pattern</c>, which is a period (0: all layers have a window) or a flag for each
    /// layer.
    /// </param>
    /// <param name="isFirst">Whether the first of so many layers sees everything; else the last.</param>
    public IReadOnlyList<int> AlternatingWindows(int layers, int window, int period, bool isFirst = false)
    {
        const string Pattern = "attention.sliding_window_pattern";
        if (window == 0)
        {
            return [];
        }

        if (Keys.TryPerLayer(Pattern, layers) is { } flags && flags.All(flag => flag is 0 or 1))
        {
            return [.. flags.Select(flag => flag == 0 ? 0 : window)];
        }

        int said = Keys.TryCount(Pattern, ModelLimits.MaxLayers, min: 0) ?? period;
        return said == 0 ? ModelConfig.UniformWindows(layers, window) : ModelConfig.AlternatingWindows(layers, window, said, isFirst);
    }

    /// <summary>A factor of activations; 0 means none.</summary>
    public float Factor(string name, float fallback = 1) =>
        Keys.TryNumber(name, NumberRange.Factor, none: number => number == 0) ?? fallback;

    /// <summary>A bound of scores or logits; 0 means none.</summary>
    public float SoftCap(string name, float fallback) =>
        Keys.Has(name) ? Keys.TryNumber(name, NumberRange.SoftCap, none: number => number == 0) ?? 0 : fallback;

    private int ReadHeadDim(int hidden, int heads, int kvHeads, int layer, bool hasLatents)
    {
        int? key = Keys.TryCount("attention.key_length", ModelLimits.MaxWidth);
        int? value = Keys.TryCount("attention.value_length", ModelLimits.MaxWidth);
        (int headDim, bool isProven) = Tensors.HeadDim(heads, kvHeads, key ?? hidden / heads, Keys.Key("attention.key_length"), layer);
        return isProven || hasLatents || value is null || value == headDim
            ? headDim
            : throw new UnsupportedModelException(
                $"{_file.Path}: {Keys.Key("attention.value_length")} is {value}, value heads of {value} elements beside key heads of "
                + $"{headDim}; they must be equal.");
    }

    /// <summary>Widths of feed-forward layers where the file has one for each; null: it does not.</summary>
    /// <param name="layers">Number of layers.</param>
    public IReadOnlyList<int>? FeedForwardWidths(int layers) => Keys.TryPerLayer(WidthKey, layers) is not { } widths ? null
        : widths.All(width => width is > 0 and <= ModelLimits.MaxWidth) ? [.. widths.Select(width => (int)width)]
        : throw Keys.Wrong(WidthKey, $"integers from 1 to {ModelLimits.MaxWidth}");

    // Of layers with widths of their own the greatest is the model's.
    private int ReadWidth(int experts, int used, bool hasExpertWidth, int layersOfOwn)
    {
        string name = experts > 0 && hasExpertWidth && Keys.Has("expert_feed_forward_length")
            ? "expert_feed_forward_length"
            : WidthKey;
        int width = layersOfOwn > 0 && Keys.TryPerLayer(name, layersOfOwn) is { } widths
            && widths.All(own => own is >= 0 and <= ModelLimits.MaxWidth) && widths.Max() > 0
                ? (int)widths.Max()
                : Keys.Count(name, ModelLimits.MaxWidth);
        bool isShared = experts > 0 && hasExpertWidth && name == WidthKey;
        return Tensors.IntermediateSize(isShared ? Math.Max(1, width / used) : width, Keys.Key(name), experts > 0);
    }

    private int[] ReadOwnWindows(int layers)
    {
        if (!_file.Metadata.ContainsKey(OwnWindowsKey))
        {
            return [];
        }

        int[] windows = _file.GetIntArray(OwnWindowsKey, layers);
        int wrong = Array.FindIndex(windows, window => window is < 0 or > ModelLimits.MaxContextLength);
        return wrong < 0 ? windows : throw new UnsupportedModelException(
            $"{_file.Path}: {OwnWindowsKey}[{wrong}] is {windows[wrong]}; expected a number of positions, or 0 for all.");
    }
}
