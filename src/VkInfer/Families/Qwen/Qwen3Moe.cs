using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Qwen3's mixtures of experts.</summary>
internal sealed class Qwen3Moe : ModelFamily
{
    public override string Architecture => "qwen3moe";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3_moe"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        [("model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"), .. Families.HfTensorNames.Experts]);

    public override ModelConfig Describe(GgufConfigReader gguf) =>
        Qwen3.WithHeadNorms(gguf.ReadShape(hasExpertWidth: true) with { RopePairing = RopePairing.SplitHalf });

    public override ModelConfig Describe(HfConfigReader config)
    {
        RequireExpertsEverywhere(config.Json);
        ModelConfig shape = Qwen3.WithHeadNorms(config.ReadShape(Architecture, Defaults));
        return config.Json.TryBool("norm_topk_prob") ?? false ? shape : shape.Compose(layer => layer with
        {
            FeedForward = new MixtureRecipe { Router = new RouterRule(RouterScore.Softmax, Normalises: false) },
        });
    }

    /// <summary>Refuses layers without experts.</summary>
    public static void RequireExpertsEverywhere(HfJson json)
    {
        if (json.TryInt("decoder_sparse_step", ModelLimits.MaxLayers) is { } step and not 1)
        {
            throw json.Wrong("decoder_sparse_step", "1: layers without experts do not run here", step);
        }

        if (json.Ids("mlp_only_layers") is { Count: > 0 } layers)
        {
            throw json.Wrong("mlp_only_layers", "none: layers without experts do not run here", $"a list of {layers.Count}");
        }
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 151936,
        HiddenSize = 2048,
        IntermediateSize = 768,
        NumLayers = 24,
        NumHeads = 32,
        NumKvHeads = 4,
        MaxContextLength = 32768,
        NumExperts = 128,
        NumExpertsPerToken = 8,
        WidthKey = "moe_intermediate_size",
        Windows = HfWindows.AllIfUsed,
        Window = 4096,
    };
}
