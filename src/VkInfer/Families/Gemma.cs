using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Gemma 1: Llama with GeGLU and scaled embeddings. Files hold the gains of its norms with the 1 that is added to them.</summary>
internal sealed class Gemma : ModelFamily
{
    public override string Architecture => "gemma";

    public override ModelConfig Describe(GgufConfigReader gguf) => Base(gguf.ReadShape());

    /// <summary>What all versions of Gemma have in common.</summary>
    public static ModelConfig Base(ModelConfig shape) => shape with
    {
        RopePairing = RopePairing.SplitHalf,
        Activation = ActivationFunction.Gelu,
        EmbeddingScale = MathF.Sqrt(shape.HiddenSize),
    };
}
