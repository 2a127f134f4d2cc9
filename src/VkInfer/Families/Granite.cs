using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Granite 3 and 4 without recurrent layers: Llama with factors of embeddings, residuals, scores and logits.</summary>
internal sealed class Granite : ModelFamily
{
    public override string Architecture => "granite";

    public override IReadOnlyList<string> HfModelTypes => ["granite"];

    public override ModelConfig Describe(GgufConfigReader gguf) => Scaled(gguf, gguf.ReadShape());

    public override ModelConfig Describe(HfConfigReader config) => Scaled(config, config.ReadShape(Architecture, Defaults));

    /// <summary>GraniteConfig.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 32000,
        HiddenSize = 4096,
        IntermediateSize = 11008,
        NumLayers = 32,
        NumHeads = 32,
        MaxContextLength = 2048,
    };

    /// <summary>The factors of a GGUF file; logits are divided by theirs.</summary>
    public static ModelConfig Scaled(GgufConfigReader gguf, ModelConfig shape)
    {
        bool knowsPositions = gguf.Keys.TryFlag("rope.scaling.finetuned") ?? true;
        return (shape with
        {
            EmbeddingScale = gguf.Factor("embedding_scale"),
            ResidualScale = gguf.Factor("residual_scale"),
            AttentionScale = gguf.Keys.TryNumber("attention.scale", NumberRange.Factor, none: number => number == 0),
            LogitScale = 1 / gguf.Factor("logit_scale"),
        }).Compose(layer => layer.WithAttention(attention => attention with { IsRotated = knowsPositions }));
    }

    /// <summary>The factors of a folder.</summary>
    public static ModelConfig Scaled(HfConfigReader config, ModelConfig shape) => shape with
    {
        EmbeddingScale = config.Factor("embedding_multiplier"),
        ResidualScale = config.Factor("residual_multiplier"),
        AttentionScale = config.Factor("attention_multiplier"),
        LogitScale = 1 / config.Factor("logits_scaling"),
    };
}
