using VkInfer.Families;
using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>
/// What families read from a Hugging Face folder's <c>config.json</c>: the shape they all have, and typed access to what only some have. The
/// counterpart of <see cref="GgufConfigReader"/>.
/// </summary>
internal sealed class HfConfigReader(HfJson json)
{
    /// <summary>The file.</summary>
    public HfJson Json => json;

    /// <summary>The value of <c>model_type</c>.</summary>
    public string ModelType => json.String("model_type");

    /// <summary>Positions that a query sees in layers with a window; 0 where the file names no window.</summary>
    public int Window => json.TryInt("sliding_window", ModelLimits.MaxContextLength) ?? 0;

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
        if (json.TryString("hidden_act") is { } activation && activation != "silu")
        {
            throw json.Wrong("hidden_act", "\"silu\"", $"\"{activation}\"");
        }

        int hidden = json.Int("hidden_size", ModelLimits.MaxWidth);
        int heads = json.Int("num_attention_heads", ModelLimits.MaxHeads);
        int headDim = json.TryInt("head_dim", ModelLimits.MaxWidth) ?? hidden / heads;
        HfJson? rope = json.TryObject("rope_parameters") ?? json.TryObject("rope_scaling");
        return new ModelConfig
        {
            Architecture = architecture,
            VocabSize = json.Int("vocab_size", ModelLimits.MaxVocabSize),
            HiddenSize = hidden,
            IntermediateSize = json.Int("intermediate_size", ModelLimits.MaxWidth),
            NumLayers = json.Int("num_hidden_layers", ModelLimits.MaxLayers),
            NumHeads = heads,
            NumKvHeads = json.TryInt("num_key_value_heads", ModelLimits.MaxHeads) ?? heads,
            HeadDim = headDim,
            RotaryDim = headDim,
            RopePairing = RopePairing.SplitHalf,
            RopeTheta = json.TryPositive("rope_theta") ?? rope?.TryPositive("rope_theta") ?? 10000f,
            RopeScaling = rope is null ? null : ReadScaling(rope),
            NormEps = json.TryPositive("rms_norm_eps") ?? 1e-6f,
            MaxContextLength = json.TryInt("max_position_embeddings", ModelLimits.MaxContextLength) ?? ModelOptions.DefaultContextLength,
        };
    }

    private static RopeScaling? ReadScaling(HfJson rope)
    {
        string type = rope.TryString("rope_type") ?? rope.TryString("type") ?? "default";
        return type switch
        {
            "default" => null,
            "linear" => new LinearRopeScaling(Number("factor")),
            "llama3" => ReadLlama3(rope),
            "yarn" => new YarnRopeScaling(
                Number("factor"), rope.Int("original_max_position_embeddings", ModelLimits.MaxContextLength), rope.TryPositive("beta_fast") ?? 32f,
                rope.TryPositive("beta_slow") ?? 1f, rope.TryPositive("attention_factor")),
            _ => throw rope.Wrong("rope_type", "default, linear, llama3 or yarn", $"\"{type}\""),
        };

        float Number(string key) => rope.Positive(key);
    }

    private static Llama3RopeScaling ReadLlama3(HfJson rope)
    {
        (float low, float high) = (rope.Positive("low_freq_factor"), rope.Positive("high_freq_factor"));
        return low < high
            ? new Llama3RopeScaling(rope.Positive("factor"), low, high, rope.Int("original_max_position_embeddings", ModelLimits.MaxContextLength))
            : throw rope.Wrong("high_freq_factor", $"a number above low_freq_factor, {low}", high);
    }
}
