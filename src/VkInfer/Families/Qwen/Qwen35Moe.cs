using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Qwen3.5 and 3.6 as mixtures of experts, with an expert for all tokens that has a gate.</summary>
internal sealed class Qwen35Moe : ModelFamily
{
    public override string Architecture => "qwen35moe";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3_5_moe_text", "qwen3_5_moe"];

    public override IReadOnlyList<string> HfTypesWithVision => ["qwen3_5_moe"];

    public override float HfNormOffset => 1;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Families.HfTensorNames.Llama.With(Qwen35.Names).With(Names);

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || Qwen35.IsOfOtherParts(name);

    public override bool IsOffset(string name) => Qwen35.IsGainOffset(name);

    public override HfTensorForm? FormOf(GgufTensor tensor) => Qwen35.DecayForm(tensor);

    public override ModelConfig Describe(GgufConfigReader gguf) =>
        WithExperts(gguf, Qwen35.Adapt(gguf, gguf.ReadShape(hasExpertWidth: true), isTiled: true));

    public override ModelConfig Describe(HfConfigReader config)
    {
        MixtureRecipe mixture = Mixture(config);
        return Qwen35.Adapt(config, config.ReadShape(Architecture, Defaults)).Compose(layer => layer with { FeedForward = mixture });
    }

    /// <summary>Names of the tensors of experts.</summary>
    public static (string Name, string Gguf)[] Names { get; } =
    [
        ("model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"),
        .. Families.HfTensorNames.Experts,
        ("model.layers.*.mlp.shared_expert.gate_proj", "blk.*.ffn_gate_shexp"),
        ("model.layers.*.mlp.shared_expert.up_proj", "blk.*.ffn_up_shexp"),
        ("model.layers.*.mlp.shared_expert.down_proj", "blk.*.ffn_down_shexp"),
        ("model.layers.*.mlp.shared_expert_gate", "blk.*.ffn_gate_inp_shexp"),
    ];

    /// <summary>The model with its mixtures, as a GGUF file says.</summary>
    public static ModelConfig WithExperts(GgufConfigReader gguf, ModelConfig shape) => MixtureLayers.Compose(
        gguf, shape, Mixture(gguf.Keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth) ?? shape.IntermediateSize),
        MixtureLayers.Dense(gguf));

    /// <summary>The mixture of a folder.</summary>
    /// <param name="config">The folder.</param>
    /// <param name="normalises">Whether weights of experts are divided by their sum.</param>
    public static MixtureRecipe Mixture(HfConfigReader config, bool normalises = true) =>
        Mixture(config.Json.TryInt("shared_expert_intermediate_size", ModelLimits.MaxWidth) ?? DefaultWidth, normalises);

    private const int DefaultWidth = 512;

    private static MixtureRecipe Mixture(int sharedWidth, bool normalises = true) => new()
    {
        Router = new RouterRule(RouterScore.Softmax, normalises),
        Shared = new DenseRecipe { Width = sharedWidth, Suffix = "_shexp" },
        HasSharedGate = true,
    };

    /// <summary>What transformers takes where a folder has no key.</summary>
    public static HfDefaults Defaults { get; } = Qwen35.Defaults with
    {
        HiddenSize = 2048,
        IntermediateSize = DefaultWidth,
        NumLayers = 40,
        NumKvHeads = 2,
        NumExperts = 256,
        NumExpertsPerToken = 8,
        WidthKey = "moe_intermediate_size",
    };
}
