using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>ERNIE 4.5's mixtures: a bias of the choice, experts for all tokens, and first layers without experts.</summary>
internal sealed class Ernie45Moe : ModelFamily
{
    private static readonly RouterRule Router = new(RouterScore.Softmax);

    public override string Architecture => "ernie4_5-moe";

    public override IReadOnlyList<string> HfModelTypes => ["ernie4_5_moe"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
    [
        ("model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.mlp.moe_statics.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        ("model.layers.*.mlp.gate.moe_statics.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        .. Families.HfTensorNames.Experts, .. Families.HfTensorNames.SharedExperts,
    ]);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        GgufKeys keys = gguf.Keys;
        if (keys.TryCount("interleave_moe_layer_step", ModelLimits.MaxLayers) is { } step and not 1)
        {
            throw keys.Wrong("interleave_moe_layer_step", $"1: layers without experts between others do not run here, got {step}");
        }

        return Adapt(
            gguf.ReadShape(hasExpertWidth: true), keys.TryCount("leading_dense_block_count", ModelLimits.MaxLayers, min: 0) ?? 0,
            keys.Count("feed_forward_length", ModelLimits.MaxWidth),
            keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth, min: 0) ?? 0);
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        if (json.TryInt("moe_layer_interval", ModelLimits.MaxLayers) is { } step and not 1)
        {
            throw json.Wrong("moe_layer_interval", "1: layers without experts between others do not run here", step);
        }

        ModelConfig shape = config.ReadShape(Architecture, Defaults) with { RopePairing = RopePairing.Interleaved };
        if (json.TryInt("moe_layer_end_index", ModelLimits.MaxLayers, min: -1) is { } end && end != -1 && end != shape.NumLayers - 1)
        {
            throw json.Wrong("moe_layer_end_index", $"-1 or {shape.NumLayers - 1}: the last layers have experts", end);
        }

        int shared = json.TryInt("moe_num_shared_experts", ModelLimits.MaxExperts, min: 0) ?? 2;
        return Adapt(
            shape, json.TryInt("moe_layer_start_index", ModelLimits.MaxLayers, min: 0) ?? 1,
            json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? 12288, shared * shape.IntermediateSize);
    }

    private static ModelConfig Adapt(ModelConfig shape, int denseLayers, int denseWidth, int sharedWidth)
    {
        var mixture = new MixtureRecipe
        {
            Router = Router,
            HasChoiceBias = true,
            Shared = sharedWidth == 0 ? null : new DenseRecipe { Width = sharedWidth, Suffix = "_shexp" },
        };
        return shape.Compose((layer, i) => layer with { FeedForward = i < denseLayers ? new DenseRecipe { Width = denseWidth } : mixture });
    }

    private static HfDefaults Defaults { get; } = Ernie45.Defaults with
    {
        HiddenSize = 2560,
        IntermediateSize = 1536,
        NumLayers = 28,
        NumHeads = 20,
        NumKvHeads = 4,
        HeadDim = null,
        NumExperts = 64,
        NumExpertsPerToken = 6,
        ExpertsKey = "moe_num_experts",
        ExpertsPerTokenKey = "moe_k",
        WidthKey = "moe_intermediate_size",
    };
}
