using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>GLM-4-0414: GLM-4 with norms behind attention and the feed-forward layer.</summary>
internal sealed class Glm4 : ModelFamily
{
    public override string Architecture => "glm4";

    public override IReadOnlyList<string> HfModelTypes => ["glm4"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_self_attn_layernorm", "blk.*.post_attention_norm"),
        ("model.layers.*.mlp.gate_up_proj", "blk.*.ffn_up"),
        ("model.layers.*.post_mlp_layernorm", "blk.*.post_ffw_norm"));

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape());

    public override ModelConfig Describe(HfConfigReader config) =>
        Adapt(config.ReadShape(Architecture, ChatGlm.Defaults) with { RopePairing = RopePairing.Interleaved });

    private static ModelConfig Adapt(ModelConfig shape) => shape.Compose(layer => layer with { Norms = NormPlacement.BeforeAndBehind });
}
