using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>MiniCPM 1, 2 and 4, dense: Llama with factors of embeddings, residuals and logits, and LongRoPE in the later ones.</summary>
internal sealed class MiniCpm : ModelFamily
{
    // Of files from before their keys.
    private const float EmbeddingScale = 12;
    private const float Depth = 1.4f;
    private const float BaseWidth = 256;

    public override string Architecture => "minicpm";

    public override IReadOnlyList<string> HfModelTypes => ["minicpm"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape();
        return shape with
        {
            EmbeddingScale = gguf.Factor("embedding_scale", EmbeddingScale),
            ResidualScale = gguf.Factor("residual_scale", Depth / MathF.Sqrt(shape.NumLayers)),
            LogitScale = 1 / gguf.Factor("logit_scale", shape.HiddenSize / BaseWidth),
        };
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.RefuseCount("num_experts", "MiniCPM's mixtures do not run here");
        ModelConfig shape = config.ReadShape(Architecture, Defaults);

        // Sparse attention begins behind so many tokens.
        int? dense = config.Json.TryObject("sparse_config") is { } sparse
            ? sparse.TryInt("dense_len", ModelLimits.MaxContextLength) ?? 8192 : null;
        return shape with
        {
            EmbeddingScale = config.Factor("scale_emb"),
            ResidualScale = config.Factor("scale_depth") / MathF.Sqrt(shape.NumLayers),
            LogitScale = config.Factor("dim_model_base") / shape.HiddenSize,
            MaxContextLength = Math.Min(shape.MaxContextLength, dense ?? int.MaxValue),
        };
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 32000,
        HiddenSize = 4096,
        IntermediateSize = 11008,
        NumLayers = 32,
        NumHeads = 32,
        MaxContextLength = 2048,
    };
}
