using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// OLMo 2 and 3: norms behind the blocks only, and one of all query heads together, and of all key heads. OLMo 3 has a window in three of
/// four layers, whose positions are not scaled.
/// </summary>
internal sealed class Olmo2 : ModelFamily
{
    private const int Period = 4;

    public override string Architecture => "olmo2";

    public override IReadOnlyList<string> HfModelTypes => ["olmo2", "olmo3"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_attention_layernorm", "blk.*.post_attention_norm"),
        ("model.layers.*.post_feedforward_layernorm", "blk.*.post_ffw_norm"));

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf };
        return Adapt(shape with
        {
            Windows = gguf.AlternatingWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window"), Period),
        });
    }

    public override ModelConfig Describe(HfConfigReader config) =>
        Adapt(config.ReadShape(Architecture, config.ModelType == "olmo3" ? Olmo3 : Defaults));

    private static ModelConfig Adapt(ModelConfig shape) => (shape with
    {
        WindowedRopeTheta = shape.WindowedRopeTheta ?? (shape.RopeScaling is null ? null : shape.RopeTheta),
    }).Compose(layer => (layer with { Norms = NormPlacement.Behind }).WithAttention(
        attention => attention with { HeadNorm = HeadNormKind.Projection }));

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 50304,
        HiddenSize = 4096,
        IntermediateSize = 11008,
        NumLayers = 32,
        NumHeads = 32,
        MaxContextLength = 2048,
        NormEps = 1e-5f,
    };

    private static HfDefaults Olmo3 { get; } = Defaults with
    {
        RopeTheta = 500000f,
        Windows = HfWindows.Alternating,
        Window = 4096,
        WindowPeriod = Period,
    };
}
