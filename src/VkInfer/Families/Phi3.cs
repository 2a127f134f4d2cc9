using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Phi-3 and Phi-4-mini: Llama with fused projections, a window, and LongRoPE in the versions for long contexts.</summary>
internal sealed class Phi3 : ModelFamily
{
    public override string Architecture => "phi3";

    public override IReadOnlyList<string> HfModelTypes => ["phi3"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.self_attn.qkv_proj", "blk.*.attn_qkv"),
        ("model.layers.*.mlp.gate_up_proj", "blk.*.ffn_up"));

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape();
        return shape with
        {
            RopePairing = RopePairing.SplitHalf,
            RopeScaling = gguf.ReadLongRope(shape) ?? shape.RopeScaling,
            Windows = ModelConfig.UniformWindows(shape.NumLayers, gguf.Window),
        };
    }
}
