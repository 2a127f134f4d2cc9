using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Gemma 2: Gemma with norms behind the layers too, bounded scores and logits, and a window in every other layer.</summary>
internal sealed class Gemma2 : ModelFamily
{
    private const int LayersOf27B = 46;

    public override string Architecture => "gemma2";

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Gemma.Base(gguf.ReadShape());
        return shape with
        {
            HasPostNorms = true,
            Windows = ModelConfig.AlternatingWindows(shape.NumLayers, gguf.Window, 2),
            AttentionSoftCap = gguf.Positive("attn_logit_softcapping", 50f),
            LogitSoftCap = gguf.Positive("final_logit_softcapping", 30f),

            // GGUF has no key for it: only the largest model scales by the width that each head has of the residual stream.
            AttentionScale = shape.NumLayers == LayersOf27B ? 1 / MathF.Sqrt((float)shape.HiddenSize / shape.NumHeads) : null,
        };
    }
}
