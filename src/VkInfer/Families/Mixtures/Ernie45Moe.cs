using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>ERNIE 4.5's mixtures: a bias of the choice, experts for all tokens, and layers without experts.</summary>
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
        int step = keys.TryCount("interleave_moe_layer_step", ModelLimits.MaxLayers) ?? 1;
        Func<int, bool> isDense = MixtureLayers.Dense(gguf);
        return MixtureLayers.Compose(
            gguf, gguf.ReadShape(hasExpertWidth: true),
            Mixture(keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth, min: 0) ?? 0),
            layer => isDense(layer) || (layer + 1) % step != 0);
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        ModelConfig shape = config.ReadShape(Architecture, Defaults) with { RopePairing = RopePairing.Interleaved };
        int first = json.TryInt("moe_layer_start_index", ModelLimits.MaxLayers, min: 0) ?? 1;
        int last = json.TryInt("moe_layer_end_index", ModelLimits.MaxLayers, min: -1) is { } end and not -1 ? end : shape.NumLayers - 1;
        int step = json.TryInt("moe_layer_interval", ModelLimits.MaxLayers) ?? 1;
        int shared = json.TryInt("moe_num_shared_experts", ModelLimits.MaxExperts, min: 0) ?? 2;
        return MixtureLayers.Compose(
            shape, Mixture(shared * shape.IntermediateSize),
            MixtureLayers.Dense(json, shape.NumLayers, layer => layer < first || layer > last || (layer + 1) % step != 0),
            () => json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? 12288);
    }

    private static MixtureRecipe Mixture(int sharedWidth) => new()
    {
        Router = Router,
        HasChoiceBias = true,
        Shared = sharedWidth == 0 ? null : new DenseRecipe { Width = sharedWidth, Suffix = "_shexp" },
    };

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
