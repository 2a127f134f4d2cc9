using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Gemma 2: Gemma with norms behind the layers too, bounded scores and logits, and a window in every other layer.</summary>
internal sealed class Gemma2 : ModelFamily
{
    private const int LayersOf27B = 46;
    private const int DefaultWindow = 4096;
    private const int Period = 2;

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
        ModelConfig shape = Gemma.Adapt(gguf.ReadShape() with { Activation = ActivationFunction.Gelu });
        return WithPostNorms(shape) with
        {
            Windows = gguf.AlternatingWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window", DefaultWindow), Period),
            WindowedRopeTheta = ReadWindowedTheta(gguf, shape),
            AttentionSoftCap = gguf.SoftCap("attn_logit_softcapping", 50f),
            LogitSoftCap = gguf.SoftCap("final_logit_softcapping", 30f),

            // GGUF has no key for it: only the largest model scales by the width that each head has of the residual stream.
            AttentionScale = shape.NumLayers == LayersOf27B ? 1 / MathF.Sqrt(shape.HiddenSize / shape.NumHeads) : null,
        };
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("use_bidirectional_attention", refused: true, "attention to later positions does not run here");
        return Base(config, Architecture, Defaults) with
        {
            AttentionSoftCap = SoftCap(config, "attn_logit_softcapping", 50f),
            LogitSoftCap = SoftCap(config, "final_logit_softcapping", 30f),
        };
    }

    /// <summary>What Gemma 2 and 3 have in common in Hugging Face folders.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="architecture">GGUF's name of the architecture.</param>
    /// <param name="defaults">What counts where a key is absent.</param>
    public static ModelConfig Base(HfConfigReader config, string architecture, HfDefaults defaults)
    {
        float width = config.Json.TryNumber("query_pre_attn_scalar", NumberRange.ScoreWidth) ?? 256f;
        return WithPostNorms(Gemma.Adapt(config.ReadShape(architecture, defaults))) with { AttentionScale = 1 / MathF.Sqrt(width) };
    }

    /// <summary>The same model with norms before and behind each block.</summary>
    public static ModelConfig WithPostNorms(ModelConfig config) =>
        config.Compose(layer => layer with { Norms = NormPlacement.BeforeAndBehind });

    /// <summary>A bound of scores or logits; null means none.</summary>
    public static float SoftCap(HfConfigReader config, string key, float fallback) =>
        config.Json.Has(key) ? config.Json.TryNumber(key, NumberRange.SoftCap) ?? 0 : fallback;

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 256000,
        HiddenSize = 2304,
        IntermediateSize = 9216,
        NumLayers = 26,
        NumHeads = 8,
        NumKvHeads = 4,
        HeadDim = 256,
        MaxContextLength = 8192,
        ActivationKey = "hidden_activation",
        Activation = "gelu_pytorch_tanh",
        Windows = HfWindows.Alternating,
        Window = DefaultWindow,
        WindowPeriod = Period,
    };

    private static float? ReadWindowedTheta(GgufConfigReader gguf, ModelConfig shape)
    {
        const string Name = "rope.freq_base_swa";
        return gguf.Keys.TryNumber(Name, NumberRange.RopeTheta) is not { } theta || theta == shape.RopeTheta ? null
            : shape.RopeScaling is null ? theta
            : throw gguf.Keys.Wrong(Name, FormattableString.Invariant($"rope.freq_base, {shape.RopeTheta}, where frequencies are scaled"));
    }
}
