using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Qwen3's mixtures of experts.</summary>
internal sealed class Qwen3Moe : ModelFamily
{
    public override string Architecture => "qwen3moe";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3_moe"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.mlp.experts.*.gate_proj", "blk.*.ffn_gate.*"),
        ("model.layers.*.mlp.experts.*.up_proj", "blk.*.ffn_up.*"),
        ("model.layers.*.mlp.experts.*.down_proj", "blk.*.ffn_down.*"));

    public override ModelConfig Describe(GgufConfigReader gguf) =>
        gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf, HasQkNorm = true };

    public override ModelConfig Describe(HfConfigReader config)
    {
        if (config.Json.TryBool("norm_topk_prob") != true)
        {
            throw config.Json.Wrong("norm_topk_prob", "true", "something else");
        }

        if ((config.Json.TryInt("decoder_sparse_step", ModelLimits.MaxLayers) ?? 1) != 1 || config.Json.Ids("mlp_only_layers").Count > 0)
        {
            throw config.Json.Wrong("decoder_sparse_step", "1, and no mlp_only_layers", "another mix of layers");
        }

        return config.ReadShape(Architecture) with { HasQkNorm = true };
    }
}
