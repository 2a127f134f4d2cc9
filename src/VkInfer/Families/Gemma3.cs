using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Gemma 3, text: Gemma 2 with norms of query and key heads instead of bounds, and a window in five of six layers.</summary>
internal sealed class Gemma3 : ModelFamily
{
    private const int LayersOf27B = 62;
    private const int Period = 6;
    private const float Theta = 1e6f;
    private const float WindowedTheta = 10000f;

    public override string Architecture => "gemma3";

    public override IReadOnlyList<string> HfModelTypes => ["gemma3_text"];

    public override bool TiesEmbeddings => true;

    public override float HfNormOffset => 1;

    public override IReadOnlyDictionary<string, string> HfTensorNames => Gemma2.Names;

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Gemma.Adapt(gguf.ReadShape());
        return shape with
        {
            HasPostNorms = true,
            HasQkNorm = true,
            RopeTheta = gguf.Positive("rope.freq_base", Theta),
            WindowedRopeTheta = gguf.Positive("rope.freq_base_swa", WindowedTheta),
            Windows = ModelConfig.AlternatingWindows(shape.NumLayers, gguf.Window, Period),
            LogitSoftCap = gguf.TryPositive("final_logit_softcapping") ?? 0,
            AttentionScale = shape.NumLayers == LayersOf27B ? 1 / MathF.Sqrt((float)shape.HiddenSize / shape.NumHeads) : null,
        };
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson? windowed = config.Json.TryObject("rope_parameters")?.TryObject("sliding_attention");
        bool saysTheta = config.Json.TryPositive("rope_theta") is not null || config.Json.TryObject("rope_parameters") is not null;
        ModelConfig shape = Gemma2.Base(config, Architecture, Period);
        return shape with
        {
            HasQkNorm = true,
            RopeTheta = saysTheta ? shape.RopeTheta : Theta,
            WindowedRopeTheta = config.Json.TryPositive("rope_local_base_freq") ?? windowed?.TryPositive("rope_theta") ?? WindowedTheta,
        };
    }
}
