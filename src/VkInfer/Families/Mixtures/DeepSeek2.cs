using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// DeepSeek V2 and V3, GLM-4.7-Flash: latent attention, first layers without experts, mixtures with groups, a bias of the choice and
/// experts for all tokens.
/// </summary>
internal sealed class DeepSeek2 : ModelFamily
{
    private const string LatentProjection = ".attn_kv_b.weight";

    // Of GLM-4.7-Flash's first files, which do not say how experts are scored.
    private const int VocabOfFlash = 154880;

    private const string Flash = "glm4_moe_lite";

    // What DeepSeek's folders have, with other defaults than GLM's.
    private static readonly string[] RequiredKeys =
    [
        "vocab_size", "hidden_size", "intermediate_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads",
        "n_routed_experts", "n_shared_experts", "num_experts_per_tok", "n_group", "topk_group", "routed_scaling_factor",
        "first_k_dense_replace", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim",
        "max_position_embeddings", "rms_norm_eps",
    ];

    public override string Architecture => "deepseek2";

    public override IReadOnlyList<string> HfModelTypes => [Flash, "deepseek_v3", "deepseek_v2"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.self_attn.q_a_proj", "blk.*.attn_q_a"),
        ("model.layers.*.self_attn.q_a_layernorm", "blk.*.attn_q_a_norm"),
        ("model.layers.*.self_attn.q_b_proj", "blk.*.attn_q_b"),
        ("model.layers.*.self_attn.kv_a_proj_with_mqa", "blk.*.attn_kv_a_mqa"),
        ("model.layers.*.self_attn.kv_a_layernorm", "blk.*.attn_kv_a_norm"),
        ("model.layers.*.self_attn.kv_b_proj", "blk.*.attn_kv_b")).With(Glm4Moe.ExpertNames);

    /// <summary>The latent's projection: that of keys, transposed, and that of values.</summary>
    public override IReadOnlyList<HfTensorForm> Split(GgufTensor tensor, HfJson config)
    {
        LatentKeys keys = LatentKeys.Of(config);
        int each = keys.NopeDim + keys.ValueDim;
        string Name(string name) => tensor.Name.Replace(LatentProjection, name, StringComparison.Ordinal);
        return !tensor.Name.EndsWith(LatentProjection, StringComparison.Ordinal) || tensor.Rows != (long)keys.Heads * each ? []
            :
            [
                new HfHeadsForm(tensor, Name(".attn_k_b.weight"), keys.Heads, keys.NopeDim),
                new HfRowsForm(
                    tensor, Name(".attn_v_b.weight"),
                    [.. Enumerable.Range(0, (int)tensor.Rows).Where(row => row % each >= keys.NopeDim)]),
            ];
    }

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        GgufKeys keys = gguf.Keys;
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true, hasLatents: true);
        int rank = keys.Count("attention.kv_lora_rank", ModelLimits.MaxWidth);
        int head = keys.Count("attention.key_length_mla", ModelLimits.MaxWidth);
        int nope = head > shape.RotaryDim ? head - shape.RotaryDim
            : throw keys.Wrong("attention.key_length_mla", $"more than {keys.Key("rope.dimension_count")}, {shape.RotaryDim}");
        var latent = new LatentRecipe(
            new LatentShape(shape.NumHeads, nope, shape.RotaryDim, rank, RopePairing.Interleaved),
            keys.Count("attention.value_length_mla", ModelLimits.MaxWidth),
            keys.TryCount("attention.q_lora_rank", ModelLimits.MaxWidth, min: 0) is > 0 and var queryRank ? queryRank : null,
            shape.NormEps);

        // GGUF has a tenth of the weight; see llama.cpp, deepseek2.cpp.
        float weight = 10 * (keys.TryNumber("rope.scaling.yarn_log_multiplier", NumberRange.Magnitude) ?? 0);
        if (weight > 0 && shape.RopeScaling is YarnRopeScaling yarn)
        {
            shape = shape with { RopeScaling = yarn with { AttentionFactor = 1 } };
        }

        bool isSoftmax = keys.TryCount("expert_gating_func", 2, min: 0) is > 0 and var score ? score == 1 : shape.VocabSize != VocabOfFlash;
        return Glm4Moe.WithExperts(gguf, Adapt(shape, latent, weight), isSoftmax);
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        if (config.ModelType != Flash && RequiredKeys.FirstOrDefault(key => !config.Json.Has(key)) is { } missing)
        {
            throw config.Json.Wrong(missing, $"a value: only {Flash} has defaults here", "nothing");
        }

        LatentKeys keys = LatentKeys.Of(config.Json);
        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        RopePairing pairing = config.Json.TryBool("rope_interleave") ?? true ? RopePairing.Interleaved : RopePairing.SplitHalf;
        var latent = new LatentRecipe(
            new LatentShape(shape.NumHeads, keys.NopeDim, shape.HeadDim, keys.Rank, pairing), keys.ValueDim, keys.QueryRank,
            NormEps: 1e-6f);
        HfJson? rope = config.Json.TryObject("rope_parameters") ?? config.Json.TryObject("rope_scaling");
        float weight = shape.RopeScaling is YarnRopeScaling ? rope?.TryNumber("mscale_all_dim", NumberRange.Magnitude) ?? 0 : 0;
        shape = Adapt(shape with { RotaryDim = shape.HeadDim }, latent, weight);
        return config.ModelType == "deepseek_v2"
            ? WithoutSum(Glm4Moe.WithExperts(config, shape, new RouterRule(RouterScore.Softmax, Scale: 1.8f)))
            : Glm4Moe.WithExperts(config, shape, new RouterRule(RouterScore.Sigmoid, Scale: 1.8f));
    }

    // Of V2's folders, transformers does not divide weights by their sum, whatever norm_topk_prob says.
    private static ModelConfig WithoutSum(ModelConfig shape) => shape.Compose(layer => layer.FeedForward is MixtureRecipe mixture
        ? layer with { FeedForward = mixture with { Router = mixture.Router with { Normalises = false } } }
        : layer);

    private static ModelConfig Adapt(ModelConfig shape, LatentRecipe latent, float weight)
    {
        double factor = shape.RopeScaling is YarnRopeScaling yarn ? YarnRopeScaling.DefaultMagnitude(yarn.Factor, weight) : 1;
        return (shape with
        {
            NumKvHeads = 1,
            HeadDim = latent.Shape.KeyDim,
            RopePairing = latent.Shape.Pairing,
            AttentionScale = (float)(factor * factor / Math.Sqrt(latent.Shape.HeadDim)),
        }).Compose(layer => layer with { Mixer = latent });
    }

    /// <summary>What folders say of latent attention; absent: as GLM-4.7-Flash.</summary>
    private readonly record struct LatentKeys(int Heads, int NopeDim, int ValueDim, int Rank, int? QueryRank)
    {
        public static LatentKeys Of(HfJson json)
        {
            int Count(string key, int fallback) => json.TryInt(key, ModelLimits.MaxWidth) ?? fallback;
            return new LatentKeys(
                Count("num_attention_heads", Defaults.NumHeads), Count("qk_nope_head_dim", 192), Count("v_head_dim", 256),
                Count("kv_lora_rank", 512), json.TryInt("q_lora_rank", ModelLimits.MaxWidth) ?? (json.Has("q_lora_rank") ? null : 768));
        }
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = VocabOfFlash,
        HiddenSize = 2048,
        IntermediateSize = 1536,
        NumLayers = 47,
        NumHeads = 20,
        NumKvHeads = 20,
        HeadDimKey = "qk_rope_head_dim",
        HeadDim = 64,
        MaxContextLength = 202752,
        NormEps = 1e-5f,
        NumExperts = 64,
        NumExpertsPerToken = 4,
        ExpertsKey = "n_routed_experts",
        WidthKey = "moe_intermediate_size",
    };
}
