using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>LFM2's mixtures: a bias of the choice, and first layers without experts.</summary>
internal sealed class Lfm2Moe : ModelFamily
{
    public override string Architecture => "lfm2moe";

    public override IReadOnlyList<string> HfModelTypes => ["lfm2_moe"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Lfm2.Names.With(
        ("model.layers.*.feed_forward.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.feed_forward.expert_bias", "blk.*.exp_probs_b.bias"),
        ("model.layers.*.feed_forward.experts.*.w1", "blk.*.ffn_gate.*"),
        ("model.layers.*.feed_forward.experts.*.w3", "blk.*.ffn_up.*"),
        ("model.layers.*.feed_forward.experts.*.w2", "blk.*.ffn_down.*"),
        ("model.layers.*.feed_forward.experts.gate_up_proj", "blk.*.ffn_gate_up_exps"),
        ("model.layers.*.feed_forward.experts.down_proj", "blk.*.ffn_down_exps"));

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Lfm2.Adapt(gguf, gguf.ReadShape(hasExpertWidth: true, hasOtherMixers: true));
        return MixtureLayers.Compose(
            gguf, shape, Mixture(new RouterRule(RouterScore.Sigmoid, Scale: gguf.Factor("expert_weights_scale")), hasBias: true),
            MixtureLayers.Dense(gguf));
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        ModelConfig shape = Lfm2.Adapt(config, config.ReadShape(Architecture, Defaults with { RopeTheta = Lfm2.Theta(json) }));
        int first = json.TryInt("num_dense_layers", ModelLimits.MaxLayers, min: 0) ?? 2;
        var router = new RouterRule(
            RouterScore.Sigmoid, json.TryBool("norm_topk_prob") ?? true, config.Factor("routed_scaling_factor"));
        return MixtureLayers.Compose(
            shape, Mixture(router, json.TryBool("use_expert_bias") ?? true),
            MixtureLayers.Dense(json, shape.NumLayers, layer => layer < first),
            () => json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? 7168);
    }

    private static MixtureRecipe Mixture(RouterRule router, bool hasBias) => new() { Router = router, HasChoiceBias = hasBias };

    private static HfDefaults Defaults { get; } = Lfm2.Defaults with
    {
        HiddenSize = 2048,
        IntermediateSize = 1792,
        WidthKey = "moe_intermediate_size",
        NumExperts = 32,
        NumExpertsPerToken = 4,
    };
}
