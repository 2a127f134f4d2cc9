using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Seed-OSS: Llama with biases on queries, keys and values; its files call the second norm of a layer another name.</summary>
internal sealed class SeedOss : ModelFamily
{
    private const string SecondNorm = "post_attention_norm";

    public override string Architecture => "seed_oss";

    public override IReadOnlyList<string> HfModelTypes => ["seed_oss"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_attention_layernorm", "blk.*." + SecondNorm));

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf });

    public override ModelConfig Describe(HfConfigReader config) => Adapt(config.ReadShape(Architecture, Defaults));

    private static ModelConfig Adapt(ModelConfig shape) => shape.Compose(layer => layer with { FeedForwardNorm = SecondNorm });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 155136,
        HiddenSize = 4096,
        IntermediateSize = 27648,
        NumLayers = 64,
        NumHeads = 80,
        NumKvHeads = 8,
        HeadDim = 128,
        MaxContextLength = 524288,
    };
}
