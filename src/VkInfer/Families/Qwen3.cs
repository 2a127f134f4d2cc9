using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Qwen3: Llama with a norm of every query and key head.</summary>
internal sealed class Qwen3 : ModelFamily
{
    public override string Architecture => "qwen3";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3"];

    public override ModelConfig Describe(GgufConfigReader gguf) =>
        gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf, HasQkNorm = true };

    public override ModelConfig Describe(HfConfigReader config) =>
        config.ReadShape(Architecture, Qwen2.Defaults with { HeadDim = 128 }) with { HasQkNorm = true };
}
