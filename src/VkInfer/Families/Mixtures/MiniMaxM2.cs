using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// MiniMax-M2: norms of all query heads together and of all key heads, half of each head rotated, a mixture of experts scored by sigmoids
/// with a bias of the choice. Blocks that predict further tokens are left out.
/// </summary>
internal sealed class MiniMaxM2 : ModelFamily
{
    private const int Full = 1;

    public override string Architecture => "minimax-m2";

    public override IReadOnlyList<string> HfModelTypes => ["minimax_m2"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
    [
        ("model.layers.*.block_sparse_moe.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        ("model.layers.*.mlp.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        .. Families.HfTensorNames.SparseExperts,
    ]);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true) with { RopePairing = RopePairing.SplitHalf };
        bool isSoftmax = gguf.Keys.TryCount("expert_gating_func", 2, min: 0) == 1;
        return Adapt(shape, Glm4Moe.ReadMixture(gguf, shape, layer: 0, sharedWidth: 0, isSoftmax));
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        config.Require("scoring_func", "sigmoid");
        config.Require("qk_norm_type", "per_layer");
        config.Refuse("use_qk_norm", refused: false, "heads without norms do not run here");
        config.RefuseCount("shared_intermediate_size", "an expert for all tokens does not run here");
        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        return json.Flags("attn_type_list", shape.NumLayers).All(type => type == Full)
            ? Adapt(
                shape with { NumLeftOut = json.TryInt("num_mtp_modules", ModelLimits.MaxLayers, min: 0) ?? 0 },
                new MixtureRecipe
                {
                    Router = new RouterRule(RouterScore.Sigmoid, Scale: config.Factor("routed_scaling_factor")),
                    HasChoiceBias = json.TryBool("use_routing_bias") ?? true,
                })
            : throw json.Wrong("attn_type_list", $"{Full} for each layer: linear attention does not run here", "another list");
    }

    private static ModelConfig Adapt(ModelConfig shape, MixtureRecipe mixture) => shape.Compose(
        layer => (layer with { FeedForward = mixture with { Router = mixture.Router with { Normalises = true } } }).WithAttention(
            attention => attention with { HeadNorm = HeadNormKind.Projection }));

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 200064,
        HiddenSize = 3072,
        IntermediateSize = 1536,
        NumLayers = 62,
        NumHeads = 48,
        NumKvHeads = 8,
        HeadDim = 128,
        MaxContextLength = 196608,
        RopeTheta = 5e6f,
        RotaryDimKey = "rotary_dim",
        NumExperts = 256,
        NumExpertsPerToken = 8,
    };
}
