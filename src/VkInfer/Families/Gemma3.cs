using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// Gemma 3: Gemma 2 with norms of query and key heads instead of bounds, and a window and another θ in five of six layers. Of a folder
/// whose model also sees (<c>gemma3</c>) the part for text. A folder may say that tokens see later ones: <see cref="GemmaEmbedding"/>.
/// </summary>
internal sealed class Gemma3 : ModelFamily
{
    /// <summary>The type of a model that also sees.</summary>
    private const string WithVision = "gemma3";

    private const int LayersOf27B = 62;
    private const int Period = 6;
    private const float WindowedTheta = 10000f;

    public override string Architecture => "gemma3";

    public override IReadOnlyList<string> HfModelTypes => ["gemma3_text", WithVision];

    public override IReadOnlyList<string> HfTypesWithVision => [WithVision];

    public override bool TiesEmbeddings => true;

    public override float HfNormOffset => 1;

    public override IReadOnlyDictionary<string, string> HfTensorNames => Gemma2.Names;

    public override bool IsLeftOut(string name) =>
        base.IsLeftOut(name) || IsOfVision(name);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Gemma.Adapt(gguf.ReadShape() with { Activation = ActivationFunction.Gelu });
        RefuseMagnitude(gguf, shape);
        return Qwen3.WithHeadNorms(Gemma2.WithPostNorms(shape)) with
        {
            WindowedRopeTheta = gguf.Keys.TryNumber("rope.freq_base_swa", NumberRange.RopeTheta) ?? WindowedTheta,
            Windows = gguf.AlternatingWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window"), Period),
            LogitSoftCap = gguf.SoftCap("final_logit_softcapping", 0),
            AttentionScale = shape.NumLayers == LayersOf27B ? 1 / MathF.Sqrt(shape.HiddenSize / shape.NumHeads) : null,
        };
    }

    /// <summary>Refuses factors of rotated queries and keys, which would be those of layers with a window, too.</summary>
    public static void RefuseMagnitude(GgufConfigReader gguf, ModelConfig shape)
    {
        if (shape.RopeScaling?.Magnitude is not (null or 1))
        {
            string[] names = ["rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor", "rope.scaling.yarn_ext_factor",
                "rope.scaling.type"];
            throw gguf.Keys.Wrong(names.First(gguf.Keys.Has), "no factor of attention: layers with a window have frequencies of their own");
        }
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        ModelConfig shape = Gemma2.Base(config, Architecture, Defaults);
        if (config.Json.TryBool("use_bidirectional_attention") == true)
        {
            shape = GemmaEmbedding.InBothDirections(shape);
        }

        return Qwen3.WithHeadNorms(shape) with
        {
            AttentionSoftCap = Gemma2.SoftCap(config, "attn_logit_softcapping", 0),
            LogitSoftCap = Gemma2.SoftCap(config, "final_logit_softcapping", 0),
            WindowedRopeTheta = shape.WindowedRopeTheta ?? config.Json.TryNumber("rope_local_base_freq", NumberRange.RopeTheta)
                ?? WindowedTheta,
        };
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 262208,
        HiddenSize = 2304,
        IntermediateSize = 9216,
        NumLayers = 26,
        NumHeads = 8,
        NumKvHeads = 4,
        HeadDim = 256,
        MaxContextLength = 131072,
        RopeTheta = 1e6f,
        ActivationKey = "hidden_activation",
        Activation = "gelu_pytorch_tanh",
        Windows = HfWindows.Alternating,
        Window = 4096,
        WindowPeriod = Period,
        HasWindowPeriodKey = true,
    };
}
