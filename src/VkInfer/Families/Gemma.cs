using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Gemma 1: Llama with GeGLU and scaled embeddings. To the gains of its norms 1 is added, which GGUF files already hold.</summary>
internal sealed class Gemma : ModelFamily
{
    public override string Architecture => "gemma";

    public override IReadOnlyList<string> HfModelTypes => ["gemma"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape());

    public override float HfNormOffset => 1;

    public override ModelConfig Describe(HfConfigReader config) => Adapt(config.ReadShape(Architecture));

    /// <summary>What all versions of Gemma have in common.</summary>
    public static ModelConfig Adapt(ModelConfig shape) => shape with
    {
        RopePairing = RopePairing.SplitHalf,
        Activation = ActivationFunction.Gelu,
        EmbeddingScale = MathF.Sqrt(shape.HiddenSize),
    };
}
