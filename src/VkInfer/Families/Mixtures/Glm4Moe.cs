using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// GLM-4.5: half of each head rotated, biases on Q, K, V, norms of heads in some; first layers without experts, mixtures with groups, a
/// bias of the choice and experts for all tokens. Blocks that predict further tokens are left out.
/// </summary>
internal sealed class Glm4Moe : ModelFamily
{
    private const string SecondNorm = "post_attention_norm";

    public override string Architecture => "glm4moe";

    public override IReadOnlyList<string> HfModelTypes => ["glm4_moe"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_attention_layernorm", "blk.*." + SecondNorm)).With(ExpertNames);

    /// <summary>Names of tensors of mixtures, which DeepSeek's have, too.</summary>
    public static (string Name, string Gguf)[] ExpertNames { get; } =
    [
        ("model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.mlp.gate.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        .. Families.HfTensorNames.Experts, .. Families.HfTensorNames.SharedExperts,
    ];

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        bool isSoftmax = gguf.Keys.TryCount("expert_gating_func", 2, min: 0) == 1;
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true) with { RopePairing = RopePairing.SplitHalf };
        return WithExperts(gguf, Adapt(shape, gguf.Tensors.Has("blk.0.attn_q_norm.weight")), isSoftmax);
    }

    public override ModelConfig Describe(HfConfigReader config) => WithExperts(
        config, Adapt(config.ReadShape(Architecture, Defaults), config.Json.TryBool("use_qk_norm") ?? false),
        new RouterRule(RouterScore.Sigmoid));

    /// <summary>
    /// The model with mixtures in its layers with experts, as a GGUF file says; with experts for all tokens of some width each, null: as
    /// the others.
    /// </summary>
    public static ModelConfig WithExperts(GgufConfigReader gguf, ModelConfig shape, bool isSoftmax, int? sharedWidth = null)
    {
        Func<int, bool> isDense = MixtureLayers.Dense(gguf);
        shape = gguf.WithoutPredictors(shape);
        int shared = (gguf.Keys.TryCount("expert_shared_count", ModelLimits.MaxExperts, min: 0) ?? 0)
            * (sharedWidth ?? shape.IntermediateSize);
        int first = Enumerable.Range(0, shape.NumLayers).FirstOrDefault(layer => !isDense(layer));
        return MixtureLayers.Compose(
            gguf, shape, ReadMixture(gguf, shape, first, shared, isSoftmax), isDense);
    }

    /// <summary>The mixture of a layer of a GGUF file, with an expert for all tokens of some width.</summary>
    public static MixtureRecipe ReadMixture(
        GgufConfigReader gguf, ModelConfig shape, int layer, int sharedWidth, bool isSoftmax = false)
    {
        GgufKeys keys = gguf.Keys;
        int Count(string name, int fallback) => keys.TryCount(name, ModelLimits.MaxExperts, min: 0) is > 0 and var count ? count : fallback;
        var rule = new RouterRule(
            isSoftmax ? RouterScore.Softmax : RouterScore.Sigmoid, keys.TryFlag("expert_weights_norm") ?? false,
            gguf.Factor("expert_weights_scale"), Count("expert_group_count", 1), Count("expert_group_used_count", 1));
        return Mixture(
            shape, rule, sharedWidth, gguf.Tensors.Has($"blk.{layer}.exp_probs_b.bias"), keys.File.Path,
            $"{keys.Key("expert_used_count")}, {keys.Key("expert_group_used_count")}, {keys.Key("expert_group_count")}, "
                + keys.Key("expert_count"));
    }

    /// <summary>The same, as a folder says.</summary>
    /// <param name="config">The folder.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="rule">How experts are chosen where it does not say.</param>
    /// <param name="sharedKey">The key of the number of experts for all tokens.</param>
    /// <param name="sharedWidth">Their width together; null: as the others.</param>
    public static ModelConfig WithExperts(
        HfConfigReader config, ModelConfig shape, RouterRule rule, string sharedKey = "n_shared_experts", int? sharedWidth = null)
    {
        HfJson json = config.Json;
        int first = json.TryInt("first_k_dense_replace", ModelLimits.MaxLayers, min: 0) ?? 1;
        int step = json.TryInt("moe_layer_freq", ModelLimits.MaxLayers) ?? 1;
        Func<int, bool> isDense = MixtureLayers.Dense(json, shape.NumLayers, layer => layer < first || layer % step != 0);
        int next = json.TryInt("num_nextn_predict_layers", ModelLimits.MaxLayers, min: 0) ?? 0;
        int shared = sharedWidth ?? (json.TryInt(sharedKey, ModelLimits.MaxExperts, min: 0) ?? 1) * shape.IntermediateSize;
        return MixtureLayers.Compose(
            shape with { NumLeftOut = next }, ReadMixture(config, shape, shared, rule), isDense,
            () => json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? 10240);
    }

    /// <summary>The mixture of a folder, with an expert for all tokens of some width.</summary>
    /// <param name="config">The folder.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="sharedWidth">The expert's; 0: there is none.</param>
    /// <param name="rule">How experts are chosen where it does not say; sigmoids have a bias of the choice.</param>
    public static MixtureRecipe ReadMixture(HfConfigReader config, ModelConfig shape, int sharedWidth, RouterRule rule)
    {
        HfJson json = config.Json;
        int Count(string key, int fallback) => json.TryInt(key, ModelLimits.MaxExperts) ?? fallback;
        RouterRule said = rule with
        {
            Normalises = json.TryBool("norm_topk_prob") ?? rule.Normalises,
            Scale = config.Factor("routed_scaling_factor", rule.Scale),
            Groups = Count("n_group", rule.Groups),
            GroupsUsed = Count("topk_group", rule.GroupsUsed),
        };
        return Mixture(
            shape, said, sharedWidth, said.Score == RouterScore.Sigmoid, json.Path,
            $"{config.Names.ExpertsPerToken}, topk_group, n_group, {config.Names.Experts}");
    }

    private static MixtureRecipe Mixture(ModelConfig shape, RouterRule rule, int sharedWidth, bool hasBias, string path, string keys)
    {
        if (rule.GroupsUsed > rule.Groups || shape.NumExpertsPerToken > shape.NumExperts / rule.Groups * rule.GroupsUsed
            || (rule.Groups > 1 && (rule.Score == RouterScore.Softmax || shape.NumExperts % rule.Groups != 0)))
        {
            throw new UnsupportedModelException(
                $"{path}: {shape.NumExpertsPerToken} experts of {rule.GroupsUsed} of {rule.Groups} groups of {shape.NumExperts} experts, "
                + $"scored by {rule.Score}; expected groups of one size, scored by sigmoids, with so many experts in those used ({keys}).");
        }

        return new MixtureRecipe
        {
            Router = rule,
            HasChoiceBias = hasBias,
            Shared = sharedWidth == 0 ? null : new DenseRecipe { Width = sharedWidth, Suffix = "_shexp" },
        };
    }

    private static ModelConfig Adapt(ModelConfig shape, bool hasHeadNorms) =>
        (hasHeadNorms ? Qwen3.WithHeadNorms(shape) : shape).Compose(layer => layer with { FeedForwardNorm = SecondNorm });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 151552,
        HiddenSize = 4096,
        IntermediateSize = 1408,
        NumLayers = 46,
        NumHeads = 96,
        NumKvHeads = 8,
        HeadDim = 128,
        MaxContextLength = 131072,
        NormEps = 1e-5f,
        RotatedShare = 0.5f,
        NumExperts = 128,
        NumExpertsPerToken = 8,
        ExpertsKey = "n_routed_experts",
        WidthKey = "moe_intermediate_size",
    };
}
