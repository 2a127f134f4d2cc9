using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Qwen2 and 2.5: Llama with biases on queries, keys and values.</summary>
internal sealed class Qwen2 : ModelFamily
{
    public override string Architecture => "qwen2";

    public override IReadOnlyList<string> HfModelTypes => ["qwen2"];

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf };
}
