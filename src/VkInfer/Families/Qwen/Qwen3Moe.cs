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

    public override ModelConfig Describe(GgufConfigReader gguf) => MixtureLayers.Compose(
        gguf, Qwen3.WithHeadNorms(gguf.ReadShape(hasExpertWidth: true) with { RopePairing = RopePairing.SplitHalf }), new MixtureRecipe(),
        MixtureLayers.Dense(gguf));

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        ModelConfig shape = Qwen3.WithHeadNorms(config.ReadShape(Architecture, Defaults));
        MixtureRecipe mixture = json.TryBool("norm_topk_prob") ?? false ? new MixtureRecipe()
            : new MixtureRecipe { Router = new RouterRule(RouterScore.Softmax, Normalises: false) };
        return MixtureLayers.Compose(
            shape, mixture, MixtureLayers.DenseBySteps(json, shape.NumLayers),
            () => json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? 6144);
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
