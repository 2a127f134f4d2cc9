using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Qwen3: Llama with a norm of every query and key head.</summary>
internal sealed class Qwen3 : ModelFamily
{
    public override string Architecture => "qwen3";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3"];

    public override ModelConfig Describe(GgufConfigReader gguf) =>
        WithHeadNorms(gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf });

    public override ModelConfig Describe(HfConfigReader config) =>
        WithHeadNorms(config.ReadShape(Architecture, Qwen2.Defaults with { HeadDim = 128 }));

    /// <summary>The same model with a norm of each query and key head.</summary>
    public static ModelConfig WithHeadNorms(ModelConfig config) => config.Compose(
        layer => layer.WithAttention(attention => attention with { HeadNorm = HeadNormKind.EachHead }));
}
