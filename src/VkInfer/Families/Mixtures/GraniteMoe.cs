using VkInfer.Configuration;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Granite's mixtures of experts, some with an expert for all tokens.</summary>
internal sealed class GraniteMoe : ModelFamily
{
    public override string Architecture => "granitemoe";

    public override IReadOnlyList<string> HfModelTypes => ["granitemoe", "granitemoeshared"];

    public override IReadOnlyDictionary<string, string> HfTensorNames => Names;

    /// <summary>Names of tensors that hybrids have, too.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.block_sparse_moe.router.layer", "blk.*.ffn_gate_inp"),
        ("model.layers.*.block_sparse_moe.input_linear", "blk.*.ffn_gate_up_exps"),
        ("model.layers.*.block_sparse_moe.output_linear", "blk.*.ffn_down_exps"),
        ("model.layers.*.shared_mlp.input_linear", "blk.*.ffn_up_shexp"),
        ("model.layers.*.shared_mlp.output_linear", "blk.*.ffn_down_shexp"));

    public override ModelConfig Describe(GgufConfigReader gguf) => WithShared(
        Granite.Scaled(gguf, gguf.ReadShape()), gguf.Keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth, min: 0) ?? 0);

    public override ModelConfig Describe(HfConfigReader config) => WithShared(
        Granite.Scaled(config, config.ReadShape(Architecture, Defaults)),
        config.ModelType == "granitemoe" ? 0
            : config.Json.TryInt("shared_intermediate_size", ModelLimits.MaxWidth, min: 0) ?? DefaultSharedWidth);

    /// <summary>The width of the expert for all tokens where a folder says none.</summary>
    public const int DefaultSharedWidth = 1024;

    /// <summary>GraniteMoeConfig.</summary>
    public static HfDefaults Defaults { get; } = Granite.Defaults with { NumExperts = 8, NumExpertsPerToken = 2 };

    /// <summary>The model with an expert for all tokens of some width; 0: without.</summary>
    public static ModelConfig WithShared(ModelConfig shape, int width) => width == 0 ? shape : shape.Compose(layer => layer with
    {
        FeedForward = new MixtureRecipe { Shared = new DenseRecipe { Width = width, Suffix = "_shexp" } },
    });
}
