using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Gemma 2: Gemma with norms behind the layers too, bounded scores and logits, and a window in every other layer.</summary>
internal sealed class Gemma2 : ModelFamily
{
    private const int LayersOf27B = 46;

    public override string Architecture => "gemma2";

    public override IReadOnlyList<string> HfModelTypes => ["gemma2"];

    public override bool TiesEmbeddings => true;

    public override float HfNormOffset => 1;

    public override IReadOnlyDictionary<string, string> HfTensorNames => Names;

    /// <summary>Names that Gemma 3 has, too.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_attention_layernorm", "blk.*.post_attention_norm"),
        ("model.layers.*.pre_feedforward_layernorm", "blk.*.ffn_norm"),
        ("model.layers.*.post_feedforward_layernorm", "blk.*.post_ffw_norm"));

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Gemma.Adapt(gguf.ReadShape());
        return shape with
        {
            HasPostNorms = true,
            Windows = ModelConfig.AlternatingWindows(shape.NumLayers, gguf.Window, 2),
            AttentionSoftCap = gguf.Positive("attn_logit_softcapping", 50f),
            LogitSoftCap = gguf.Positive("final_logit_softcapping", 30f),

            // GGUF has no key for it: only the largest model scales by the width that each head has of the residual stream.
            AttentionScale = shape.NumLayers == LayersOf27B ? 1 / MathF.Sqrt((float)shape.HiddenSize / shape.NumHeads) : null,
        };
    }

    public override ModelConfig Describe(HfConfigReader config) => Base(config, Architecture, 2);

    /// <summary>What Gemma 2 and 3 have in common in Hugging Face folders.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="architecture">GGUF's name of the architecture.</param>
    /// <param name="period">Of so many layers one has no window, where the configuration does not list them.</param>
    public static ModelConfig Base(HfConfigReader config, string architecture, int period)
    {
        ModelConfig shape = Gemma.Adapt(config.ReadShape(architecture));
        return shape with
        {
            HasPostNorms = true,
            Windows = config.Json.Strings("layer_types").Count > 0 || shape.Windows.Count == 0
                ? shape.Windows
                : ModelConfig.AlternatingWindows(shape.NumLayers, shape.Windows[0], config.Json.TryInt("sliding_window_pattern", ModelLimits.MaxLayers) ?? period),
            AttentionSoftCap = config.Json.TryPositive("attn_logit_softcapping") ?? 0,
            LogitSoftCap = config.Json.TryPositive("final_logit_softcapping") ?? 0,
            AttentionScale = config.Json.TryPositive("query_pre_attn_scalar") is { } scalar ? 1 / MathF.Sqrt(scalar) : null,
        };
    }
}
