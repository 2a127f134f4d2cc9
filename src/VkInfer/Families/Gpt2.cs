using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>GPT-2: learned positions, LayerNorm, GELU without a gate, biases everywhere.</summary>
internal sealed class Gpt2 : ModelFamily
{
    public override string Architecture => "gpt2";

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape(NormKind.LayerNorm) with
    {
        RotaryDim = 0,
        FirstPositionRow = 0,
        Activation = ActivationFunction.Gelu,
        IsGated = false,
    };
}
