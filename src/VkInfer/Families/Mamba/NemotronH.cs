using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;

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

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
    [
        ("model.embeddings", "token_embd"), ("model.norm_f", "output_norm"), ("model.layers.*.norm", "blk.*.attn_norm"),
        ("model.layers.*.mixer.q_proj", "blk.*.attn_q"), ("model.layers.*.mixer.k_proj", "blk.*.attn_k"),
        ("model.layers.*.mixer.v_proj", "blk.*.attn_v"), ("model.layers.*.mixer.o_proj", "blk.*.attn_output"),
        ("model.layers.*.mixer.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.mixer.gate.e_score_correction_bias", "blk.*.exp_probs_b.bias"),
        .. Mamba2Layers.Names("model.layers.*.mixer"), .. Names("up"), .. Names("down"),
    ]);

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || name.StartsWith("mtp.", StringComparison.Ordinal);

    public override HfTensorForm? FormOf(GgufTensor tensor) => Qwen35.DecayForm(tensor);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        GgufKeys keys = gguf.Keys;
        keys.RefuseCount("moe_latent_size", Latent);
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true, hasOtherMixers: true, hasSingleBlocks: true);
        IReadOnlyList<long> kvHeads = keys.PerLayer("attention.head_count_kv", shape.NumLayers);
        IReadOnlyList<long> widths = keys.PerLayer("feed_forward_length", shape.NumLayers);
        shape = gguf.WithoutPredictors(shape) with { Activation = ActivationFunction.ReluSquared };
        string pattern = string.Concat(Enumerable.Range(0, shape.NumLayers).Select(layer =>
            kvHeads[layer] > 0 ? '*' : widths[layer] == 0 ? 'M' : gguf.Tensors.Has($"blk.{layer}.ffn_gate_inp.weight") ? 'E' : '-'));
        int shared = keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth, min: 0) ?? 0;
        return SingleBlocks.Compose(
            shape, pattern, pattern.Contains('M') ? Mamba2Layers.Read(gguf, pattern.IndexOf('M')) : null, layer => (int)widths[layer],
            pattern.Contains('E') ? Glm4Moe.ReadMixture(gguf, shape, pattern.IndexOf('E'), shared) : null);
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        Mamba2Layers.Check(config, "mamba_hidden_act");
        config.RefuseCount("moe_latent_size", Latent);
        string pattern = SingleBlocks.ReadPattern(json);
        bool hasExperts = pattern.Contains('E');
        ModelConfig shape = config.ReadShape(hasExperts ? Mixture : Architecture, (hasExperts ? MixtureDefaults : Defaults) with
        {
            HeadDimKey = json.Has("head_dim") ? "head_dim" : "attention_head_dim",
        });
        int Width(string key, HfDefaults defaults) => json.TryInt(key, ModelLimits.MaxWidth) ?? defaults.IntermediateSize;
        int shared = Width("moe_shared_expert_intermediate_size", MixtureDefaults);
        int dense = Width("intermediate_size", Defaults);
        return SingleBlocks.Compose(
            shape with { NumLayers = pattern.Length }, pattern, pattern.Contains('M') ? Mamba2Layers.Read(config) : null, _ => dense,
            hasExperts ? Glm4Moe.ReadMixture(config, shape, shared, new RouterRule(RouterScore.Sigmoid)) : null);
    }

    private static (string, string)[] Names(string part) =>
    [
        ($"model.layers.*.mixer.{part}_proj", $"blk.*.ffn_{part}"),
        ($"model.layers.*.mixer.shared_experts.{part}_proj", $"blk.*.ffn_{part}_shexp"),
        ($"model.layers.*.mixer.experts.{part}_proj", $"blk.*.ffn_{part}_exps"),
        ($"model.layers.*.mixer.experts.*.{part}_proj", $"blk.*.ffn_{part}.*"),
    ];

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
