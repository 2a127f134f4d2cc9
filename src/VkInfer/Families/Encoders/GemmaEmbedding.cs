using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// EmbeddingGemma: Gemma 3 as an encoder, with windows as wide on either side. Its folders are Gemma 3's with
/// <c>use_bidirectional_attention</c>.
/// </summary>
internal sealed class GemmaEmbedding : ModelFamily
{
    private const int Period = 6;
    private const float WindowedTheta = 10000f;

    public override string Architecture => "gemma-embedding";

    public override IReadOnlyList<string> HfModelTypes => [];

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Gemma.Adapt(gguf.ReadShape(isEncoder: true) with { Activation = ActivationFunction.Gelu });
        Gemma3.RefuseMagnitude(gguf, shape);
        return InBothDirections(Qwen3.WithHeadNorms(Gemma2.WithPostNorms(shape)) with
        {
            WindowedRopeTheta = gguf.Keys.TryNumber("rope.freq_base_swa", NumberRange.RopeTheta) ?? WindowedTheta,
            Windows = gguf.AlternatingWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window"), Period),
        });
    }

    // GGUF's files alone come here.
    public override ModelConfig Describe(HfConfigReader config) => throw new NotSupportedException($"{Architecture} is no model_type");

    /// <summary>A decoder of the family as an encoder.</summary>
    public static ModelConfig InBothDirections(ModelConfig shape) => shape with
    {
        Architecture = "gemma-embedding",
        IsEncoder = true,
        Windows = [.. shape.Windows.Select(ModelConfig.SymmetricWindow)],
    };
}
