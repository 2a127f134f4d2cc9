using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Nemotron-H, Nemotron Nano 2 and 3: layers of one block with one norm, which is Mamba-2 (M), attention without positions (*), a
/// feed-forward layer (-) or a mixture of experts (E), the last two without gates. Blocks that predict further tokens are left out.
/// </summary>
internal sealed class NemotronH : ModelFamily
{
    private const string Mixture = "nemotron_h_moe";
    private const string Latent = "products around experts do not run here";

    public override string Architecture => "nemotron_h";

    public override IReadOnlyList<string> Architectures => [Architecture, Mixture];

    public override IReadOnlyList<string> HfModelTypes => ["nemotron_h"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Names("model").Concat(Names("backbone")).Append(("lm_head", "output")).ToDictionary();

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || name.StartsWith("mtp.", StringComparison.Ordinal);

    public override HfTensorForm? FormOf(GgufTensor tensor) => Qwen35.DecayForm(tensor);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        GgufKeys keys = gguf.Keys;
        keys.RefuseCount("moe_latent_size", Latent);
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true, hasOtherMixers: true, hasSingleBlocks: true);
        IReadOnlyList<long> Each(string name) =>
            keys.TryPerLayer(name, shape.NumLayers) ?? throw keys.Missing(name, $"a number for each of {shape.NumLayers} layers");
        (IReadOnlyList<long> kvHeads, IReadOnlyList<long> widths) = (Each("attention.head_count_kv"), Each("feed_forward_length"));

        // The file counts blocks that predict further tokens as layers.
        int next = keys.TryCount("nextn_predict_layers", shape.NumLayers - 1, min: 0) ?? 0;
        shape = shape with { Activation = ActivationFunction.ReluSquared, NumLayers = shape.NumLayers - next, NumLeftOut = next };
        string pattern = string.Concat(Enumerable.Range(0, shape.NumLayers).Select(layer =>
            kvHeads[layer] > 0 ? '*' : widths[layer] == 0 ? 'M' : gguf.Tensors.Has($"blk.{layer}.ffn_gate_inp.weight") ? 'E' : '-'));
        int shared = keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth, min: 0) ?? 0;
        return Compose(
            shape, pattern, pattern.Contains('M') ? Mamba2Layers.Read(gguf, pattern.IndexOf('M')) : null, layer => (int)widths[layer],
            pattern.Contains('E') ? Glm4Moe.ReadMixture(gguf, shape, pattern.IndexOf('E'), shared) : null);
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        Mamba2Layers.Check(config, "mamba_hidden_act");
        config.RefuseCount("moe_latent_size", Latent);
        int Count(string key, int fallback, int max) => json.TryInt(key, max) ?? fallback;
        config.Names = config.Names with { Experts = "n_routed_experts" };
        string pattern = ReadPattern(json);
        bool hasExperts = pattern.Contains('E');
        ModelConfig shape = config.ReadShape(hasExperts ? Mixture : Architecture, (hasExperts ? MixtureDefaults : Defaults) with
        {
            HeadDimKey = json.Has("head_dim") ? "head_dim" : "attention_head_dim",
        });
        var heads = new Mamba2Shape(
            Count("mamba_num_heads", 128, ModelLimits.MaxHeads), Count("mamba_head_dim", 64, ModelLimits.MaxWidth),
            Count("ssm_state_size", 128, ModelLimits.MaxWidth), Count("n_groups", 8, ModelLimits.MaxHeads));
        var mamba = new Mamba2Recipe(heads, Count("conv_kernel", 4, ShortConvShape.MaxTaps))
        {
            HasConvolutionBias = json.TryBool("use_conv_bias") ?? true,
        };
        int width = Count("intermediate_size", Defaults.IntermediateSize, ModelLimits.MaxWidth);
        int shared = Count("moe_shared_expert_intermediate_size", MixtureDefaults.IntermediateSize, ModelLimits.MaxWidth);
        return Compose(
            shape with { NumLayers = pattern.Length }, pattern, pattern.Contains('M')
                ? mamba.Checked(json.Path, "mamba_num_heads, mamba_head_dim, ssm_state_size, n_groups, conv_kernel") : null, _ => width,
            hasExperts ? Glm4Moe.ReadMixture(config, shape, shared) : null);
    }

    /// <summary>The model with these layers.</summary>
    /// <param name="shape">Its sizes.</param>
    /// <param name="pattern">A character for each layer.</param>
    /// <param name="mamba">What M means.</param>
    /// <param name="width">The width of a layer that is -.</param>
    /// <param name="mixture">What E means.</param>
    public static ModelConfig Compose(ModelConfig shape, string pattern, Mamba2Recipe? mamba, Func<int, int> width, MixtureRecipe? mixture)
    {
        LayerRecipe Feed(FeedForwardRecipe? block) => new() { Mixer = null, FeedForward = block, FeedForwardNorm = "attn_norm" };
        MixtureRecipe? experts = mixture is null ? null
            : mixture with { IsGated = false, Shared = mixture.Shared is { } shared ? shared with { IsGated = false } : null };
        return (shape with { RotaryDim = 0, RopeScaling = null }).Compose((layer, i) => pattern[i] switch
        {
            'M' => layer with { Mixer = mamba, FeedForward = null },
            '*' => layer with { Mixer = new AttentionRecipe(), FeedForward = null },
            'E' => Feed(experts),
            _ => Feed(new DenseRecipe { IsGated = false, Width = width(i) }),
        });
    }

    // A string of the characters, or a list of names, which are not the same everywhere.
    private static string ReadPattern(HfJson json)
    {
        string key = json.Has("layers_block_type") ? "layers_block_type" : "layer_types";
        IEnumerable<char> OfNames() => json.Strings(key).Select(name => name switch
        {
            "mamba" or "linear_attention" => 'M',
            "attention" or "full_attention" => '*',
            "mlp" => '-',
            "moe" => 'E',
            _ => throw json.Wrong(key, "mamba, attention, mlp or moe for each layer", $"\"{name}\""),
        });
        string? said = json.TryString("hybrid_override_pattern");
        string pattern = said ?? (json.Has(key) ? string.Concat(OfNames()) : "ME*-");
        return pattern.Length is > 0 and <= ModelLimits.MaxLayers && pattern.All("M*-E".Contains) ? pattern
            : throw json.Wrong(said is null ? key : "hybrid_override_pattern", "M, *, - or E for each layer", $"\"{pattern}\"");
    }

    private static IEnumerable<(string, string)> Names(string model)
    {
        string layer = model + ".layers.*.";
        (string, string)[] others =
        [
            (model + ".embeddings", "token_embd"), (model + ".norm_f", "output_norm"), (layer + "norm", "blk.*.attn_norm"),
            (layer + "mixer.q_proj", "blk.*.attn_q"), (layer + "mixer.k_proj", "blk.*.attn_k"), (layer + "mixer.v_proj", "blk.*.attn_v"),
            (layer + "mixer.o_proj", "blk.*.attn_output"), (layer + "mixer.gate", "blk.*.ffn_gate_inp"),
            (layer + "mixer.gate.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        ];
        (string, string)[] Feed(string part) =>
        [
            (layer + $"mixer.{part}_proj", $"blk.*.ffn_{part}"), (layer + $"mixer.shared_experts.{part}_proj", $"blk.*.ffn_{part}_shexp"),
            (layer + $"mixer.experts.{part}_proj", $"blk.*.ffn_{part}_exps"), (layer + $"mixer.experts.*.{part}_proj", $"blk.*.ffn_{part}.*"),
        ];
        return [.. others, .. Mamba2Layers.Names(layer + "mixer"), .. Feed("up"), .. Feed("down")];
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 131072,
        HiddenSize = 4096,
        IntermediateSize = 21504,
        NumLayers = 52,
        NumHeads = 32,
        NumKvHeads = 8,
        HeadDim = 128,
        MaxContextLength = 4096,
        EpsilonKey = "layer_norm_epsilon",
        NormEps = 1e-5f,
        ActivationKey = "mlp_hidden_act",
        Activation = "relu2",
    };

    private static HfDefaults MixtureDefaults { get; } = Defaults with
    {
        IntermediateSize = 7688,
        WidthKey = "moe_intermediate_size",
        NumExperts = 8,
        NumExpertsPerToken = 2,
        ExpertsKey = "n_routed_experts",
    };
}
