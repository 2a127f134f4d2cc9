using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>
/// Command R7B and Command A: attention and feed-forward layer side by side behind one LayerNorm without a shift, a factor of the logits;
/// three of four layers have a window, and only those know positions.
/// </summary>
internal sealed class Cohere2 : ModelFamily
{
    private const int Period = 4;
    private const int DefaultWindow = 4096;

    public override string Architecture => "cohere2";

    public override IReadOnlyList<string> HfModelTypes => ["cohere2"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape(NormKind.CentredNorm);
        return Adapt(shape with
        {
            LogitScale = gguf.Factor("logit_scale", 1),
            Windows = gguf.AlternatingWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window", DefaultWindow), Period),
        });
    }

    public override ModelConfig Describe(HfConfigReader config) => Adapt(CommandR.Read(config, Architecture, CommandR.Defaults with
    {
        NumKvHeads = null,
        Windows = HfWindows.Alternating,
        Window = DefaultWindow,
        WindowPeriod = Period,
        HasWindowPeriodKey = true,
    }));

    private static ModelConfig Adapt(ModelConfig shape) => CommandR.SideBySide(shape).Compose(
        (layer, i) => layer.WithAttention(attention => attention with { IsRotated = shape.Window(i) > 0 }));
}
