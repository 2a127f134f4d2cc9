using VkInfer.Families;
using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>
/// What families read from GGUF metadata: the shape they all have, and typed access to what only some have. Checks that the shape is of a
/// transformer that can exist.
/// </summary>
internal sealed class GgufConfigReader
{
    private readonly GgufFile _file;
    private readonly string _architecture;

    private GgufConfigReader(GgufFile file, string architecture)
    {
        _file = file;
        _architecture = architecture;
    }

    /// <summary>Positions that a query sees in layers with a window; 0 where the file names no window.</summary>
    public int Window => Optional("attention.sliding_window", 0, ModelLimits.MaxContextLength);

    /// <summary>Describes the model of a file.</summary>
    /// <exception cref="ModelFormatException">A key is missing or of another type.</exception>
    /// <exception cref="UnsupportedModelException">The model is of a kind that does not run here.</exception>
    public static ModelConfig Read(GgufFile file)
    {
        string architecture = file.GetString("general.architecture");
        return ModelFamily.Find(file.Path, architecture).Describe(new GgufConfigReader(file, architecture));
    }

    /// <summary>Reads what every architecture has, as a Llama has it.</summary>
    /// <param name="norm">Decides which epsilon is read.</param>
    public ModelConfig ReadShape(NormKind norm = NormKind.RmsNorm)
    {
        int hidden = Required("embedding_length", ModelLimits.MaxWidth);
        int heads = Required("attention.head_count", ModelLimits.MaxHeads);
        int kvHeads = Optional("attention.head_count_kv", heads, ModelLimits.MaxHeads);
        int headDim = Optional("attention.key_length", hidden / heads, ModelLimits.MaxWidth);
        int valueDim = Optional("attention.value_length", headDim, ModelLimits.MaxWidth);
        int rotary = Optional("rope.dimension_count", headDim, ModelLimits.MaxWidth);
        Check(valueDim == headDim, $"value heads of {valueDim} elements beside key heads of {headDim}; they must be equal");
        int experts = _file.TryGetInt(Key("expert_count"), out int count, 0, ModelLimits.MaxExperts) ? count : 0;
        var config = new ModelConfig
        {
            Architecture = _architecture,
            VocabSize = ReadVocabSize(),
            HiddenSize = hidden,
            IntermediateSize = experts > 0 && _file.TryGetInt(Key("expert_feed_forward_length"), out int width, 1, ModelLimits.MaxWidth)
                ? width
                : Required("feed_forward_length", ModelLimits.MaxWidth),
            NumExperts = experts,
            NumExpertsPerToken = experts > 0 ? Required("expert_used_count", ModelLimits.MaxExperts) : 0,
            NumLayers = Required("block_count", ModelLimits.MaxLayers),
            NumHeads = heads,
            NumKvHeads = kvHeads,
            HeadDim = headDim,
            RotaryDim = rotary,
            RopePairing = RopePairing.Interleaved,
            RopeTheta = Positive("rope.freq_base", 10000f),
            RopeScaling = ReadScaling(rotary),
            Norm = norm,
            NormEps = Positive(norm == NormKind.RmsNorm ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", 1e-5f),
            MaxContextLength = Optional("context_length", ModelOptions.DefaultContextLength, ModelLimits.MaxContextLength),
        };
        config.Validate(_file.Path);
        return config;
    }

    /// <summary>Reads LongRoPE's two sets of factors; null where the file has none.</summary>
    public LongRopeScaling? ReadLongRope(ModelConfig shape)
    {
        if (ReadFactors("rope_factors_long.weight", shape.RotaryDim) is not { } longFactors)
        {
            return null;
        }

        float[] shortFactors = ReadFactors("rope_factors_short.weight", shape.RotaryDim)
            ?? throw new UnsupportedModelException($"{_file.Path}: tensor rope_factors_short.weight is missing.");
        int original = Required("rope.scaling.original_context_length", ModelLimits.MaxContextLength);
        float magnitude = TryPositive("rope.scaling.attn_factor") ?? LongRopeScaling.DefaultMagnitude(shape.MaxContextLength, original);
        return new LongRopeScaling(shortFactors, longFactors, original, magnitude);
    }

    /// <summary>A positive number, or <paramref name="fallback"/> where the file has none.</summary>
    public float Positive(string name, float fallback) => TryPositive(name) ?? fallback;

    /// <summary>A positive number; null where the file has none.</summary>
    public float? TryPositive(string name)
    {
        if (!_file.TryGetFloat(Key(name), out float value))
        {
            return null;
        }

        return float.IsFinite(value) && value > 0
            ? value
            : throw new UnsupportedModelException($"{_file.Path}: {Key(name)} is {value}; expected a positive number.");
    }

    private string Key(string name) => $"{_architecture}.{name}";

    private int Required(string name, int max) => _file.GetInt(Key(name), 1, max);

    private int Optional(string name, int fallback, int max) => _file.TryGetInt(Key(name), out int value, 1, max) ? value : fallback;

    private int ReadVocabSize()
    {
        if (!_file.TryGetTensor("token_embd.weight", out GgufTensor? embedding))
        {
            throw new UnsupportedModelException($"{_file.Path}: tensor token_embd.weight is missing.");
        }

        if (embedding.Rows > ModelLimits.MaxVocabSize)
        {
            throw new UnsupportedModelException($"{_file.Path}: token_embd.weight has {embedding.Rows} rows; expected at most {ModelLimits.MaxVocabSize}.");
        }

        int rows = (int)embedding.Rows;
        if (_file.TryGetInt(Key("vocab_size"), out int declared) && declared != rows)
        {
            throw new UnsupportedModelException($"{_file.Path}: {Key("vocab_size")} is {declared}, but token_embd.weight has {rows} rows.");
        }

        return rows;
    }

    private RopeScaling? ReadScaling(int rotaryDim)
    {
        string type = _file.TryGetString(Key("rope.scaling.type"), out string value) ? value : "none";
        return type switch
        {
            "none" or "longrope" => ReadFactors("rope_freqs.weight", rotaryDim) is { } factors ? new RopeFrequencyFactors(factors) : null,
            "linear" => new LinearRopeScaling(Positive("rope.scaling.factor", 1f)),
            "yarn" => ReadYarn(),
            _ => throw new UnsupportedModelException($"{_file.Path}: rope scaling \"{type}\" is not supported; supported: none, linear, yarn, longrope."),
        };
    }

    private YarnRopeScaling ReadYarn()
    {
        float factor = Positive("rope.scaling.factor", 1f);
        return new YarnRopeScaling(
            factor,
            Required("rope.scaling.original_context_length", ModelLimits.MaxContextLength),
            Positive("rope.scaling.yarn_beta_fast", 32f),
            Positive("rope.scaling.yarn_beta_slow", 1f),
            (float)(Positive("rope.scaling.attn_factor", 1f) * YarnRopeScaling.DefaultMagnitude(factor)));
    }

    // Frequencies are divided by them.
    private float[]? ReadFactors(string name, int rotaryDim)
    {
        if (!_file.TryGetTensor(name, out GgufTensor? tensor))
        {
            return null;
        }

        int length = rotaryDim / 2;
        if (tensor.Columns != length || tensor.Rows != 1 || tensor.Type != GgufTensorType.F32)
        {
            throw new UnsupportedModelException(
                $"{_file.Path}: tensor {name} is {string.Join(" x ", tensor.Dimensions.Reverse())} {tensor.Type}; expected {length} elements F32.");
        }

        var factors = new float[length];
        Dequantizer.ToFloat32(tensor.Type, _file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)), factors);
        int bad = Array.FindIndex(factors, factor => !float.IsFinite(factor) || factor <= 0);
        return bad < 0
            ? factors
            : throw new UnsupportedModelException($"{_file.Path}: tensor {name} is {factors[bad]} at {bad}; expected a positive number.");
    }

    private void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new UnsupportedModelException($"{_file.Path}: {what}.");
        }
    }
}
