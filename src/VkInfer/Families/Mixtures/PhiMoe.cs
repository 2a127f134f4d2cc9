using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Phi-3.5-MoE and Phi-mini-MoE: LayerNorm, biases everywhere but in experts, LongRoPE, and two experts chosen one after the other
/// (SparseMixer-v2).
/// </summary>
internal sealed class PhiMoe : ModelFamily
{
    private const int Used = 2;
    private const float Jitter = 0.01f;

    public override string Architecture => "phimoe";

    public override IReadOnlyList<string> HfModelTypes => ["phimoe"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        [.. Families.HfTensorNames.SparseExperts, ("model.layers.*.mlp.router", "blk.*.ffn_gate_inp")]);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        // Its converter writes the epsilon under the other norm's key.
        ModelConfig shape = gguf.ReadShape(takesLongFactors: true) with { RopePairing = RopePairing.SplitHalf };
        return shape.NumExpertsPerToken == Used ? Adapt(shape, Jitter)
            : throw gguf.Keys.Wrong("expert_used_count", $"{Used}: others do not run here");
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        if (shape.NumExpertsPerToken != Used)
        {
            throw json.Wrong("num_experts_per_tok", $"{Used}: others do not run here", shape.NumExpertsPerToken);
        }

        if (shape.RopeScaling is LongRopeScaling scaling)
        {
            HfJson rope = json.TryObject("rope_scaling") ?? json.TryObject("rope_parameters")!;
            float magnitude = rope.Number("long_mscale", NumberRange.AttentionFactor);
            shape = rope.Number("short_mscale", NumberRange.AttentionFactor) is var other && other == magnitude
                ? shape with { RopeScaling = scaling with { AttentionFactor = magnitude } }
                : throw rope.Wrong("short_mscale", FormattableString.Invariant($"long_mscale, {magnitude}"), other);
        }

        return Adapt(shape, json.TryNumber("router_jitter_noise", NumberRange.Share) ?? Jitter);
    }

    private static ModelConfig Adapt(ModelConfig shape, float jitter)
    {
        var router = new RouterRule(RouterScore.SparseMixer, Normalises: false, Jitter: jitter);
        return (shape with { Norm = NormKind.LayerNorm }).Compose(
            layer => layer with { FeedForward = new MixtureRecipe { Router = router } });
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 32064,
        HiddenSize = 4096,
        IntermediateSize = 6400,
        NumLayers = 32,
        NumHeads = 32,
        NumKvHeads = 8,
        MaxContextLength = 131072,
        NormEps = 1e-5f,
        RopeTheta = 1e6f,
        NumExperts = 16,
        NumExpertsPerToken = Used,
        Windows = HfWindows.All,
    };
}
