using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Hunyuan, dense: Llama with a norm of every query and key head behind its rotation, and in folders a base of frequencies by alpha.
/// </summary>
internal sealed class HunYuanDense : ModelFamily
{
    public override string Architecture => "hunyuan-dense";

    public override IReadOnlyList<string> HfModelTypes => ["hunyuan_v1_dense"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.self_attn.query_layernorm", "blk.*.attn_q_norm"),
        ("model.layers.*.self_attn.key_layernorm", "blk.*.attn_k_norm"));

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf });

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        config.Refuse("use_qk_norm", refused: false, "heads without norms do not run here");
        config.Refuse("use_cla", refused: true, "keys and values of other layers do not run here");
        ModelConfig shape = config.ReadShape(Architecture, Defaults);

        // NTK by alpha: the base of long sequences from the first position on. GGUF files have that base.
        HfJson? rope = json.TryObject("rope_scaling") ?? json.TryObject("rope_parameters");
        float? alpha = rope?.TryString(rope.Has("rope_type") ? "rope_type" : "type") == "dynamic"
            ? rope.TryNumber("alpha", NumberRange.RopeFactor) : null;
        double power = shape.HeadDim / (shape.HeadDim - 2.0);
        return Adapt(shape with { RopeTheta = (float)(shape.RopeTheta * Math.Pow(alpha ?? 1, power)) });
    }

    private static ModelConfig Adapt(ModelConfig shape) => shape.Compose(layer => layer.WithAttention(
        attention => attention with { HeadNorm = HeadNormKind.EachHeadRotated }));

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 290943,
        HiddenSize = 4096,
        IntermediateSize = 11008,
        NumLayers = 32,
        NumHeads = 32,
        MaxContextLength = 2048,
        NormEps = 1e-5f,
    };
}
