using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// Ling and Ring 2.0 (Bailing): fused projections, norms of heads, half of each head rotated; mixtures as GLM-4.5's, with groups. Blocks
/// that predict further tokens are left out.
/// </summary>
internal sealed class BailingMoe2 : ModelFamily
{
    public override string Architecture => "bailingmoe2";

    public override IReadOnlyList<string> HfModelTypes => ["bailing_moe", "bailing_moe_v2"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
    [
        .. Glm4Moe.ExpertNames,
        ("model.word_embeddings", "token_embd"),
        ("model.layers.*.attention.query_key_value", "blk.*.attn_qkv"),
        ("model.layers.*.attention.query_layernorm", "blk.*.attn_q_norm"),
        ("model.layers.*.attention.key_layernorm", "blk.*.attn_k_norm"),
        ("model.layers.*.attention.dense", "blk.*.attn_output"),
        ("model.layers.*.mlp.gate.expert_bias", "blk.*.exp_probs_b.bias"),
    ]);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        GgufKeys keys = gguf.Keys;
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true) with { RopePairing = RopePairing.SplitHalf };
        return Glm4Moe.WithExperts(
            gguf, Qwen3.WithHeadNorms(shape), keys.TryCount("expert_gating_func", 2, min: 0) == 1,
            keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth));
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Require("score_function", "sigmoid");
        if (config.Json.TryBool("use_qk_norm") != true)
        {
            throw config.Json.Wrong("use_qk_norm", "true: models of before Ling 2.0 do not run here", "not that");
        }

        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        return Glm4Moe.WithExperts(
            config, Qwen3.WithHeadNorms(shape), new RouterRule(RouterScore.Sigmoid, Groups: 8, GroupsUsed: 4), "num_shared_experts",
            config.Json.TryInt("moe_shared_expert_intermediate_size", ModelLimits.MaxWidth));
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 157184,
        HiddenSize = 2048,
        IntermediateSize = 512,
        NumLayers = 20,
        NumHeads = 16,
        NumKvHeads = 4,
        HeadDim = 128,
        MaxContextLength = 32768,
        RopeTheta = 600000f,
        RotaryDimKey = "rotary_dim",
        NumExperts = 256,
        NumExpertsPerToken = 8,
        ExpertsKey = "num_experts",
        WidthKey = "moe_intermediate_size",
    };
}
