using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Gemma 3, text: Gemma 2 with norms of query and key heads instead of bounds, and a window in five of six layers.</summary>
internal sealed class Gemma3 : ModelFamily
{
    private const int LayersOf27B = 62;

    public override string Architecture => "gemma3";

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Gemma.Base(gguf.ReadShape());
        return shape with
        {
            HasPostNorms = true,
            HasQkNorm = true,
            RopeTheta = gguf.Positive("rope.freq_base", 1e6f),
            WindowedRopeTheta = gguf.Positive("rope.freq_base_swa", 10000f),
            Windows = ModelConfig.AlternatingWindows(shape.NumLayers, gguf.Window, 6),
            LogitSoftCap = gguf.TryPositive("final_logit_softcapping") ?? 0,
            AttentionScale = shape.NumLayers == LayersOf27B ? 1 / MathF.Sqrt((float)shape.HiddenSize / shape.NumHeads) : null,
        };
    }
}
