using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// EXAONE 4: norms behind the blocks only, and of each query and key head. Where three of four layers have a window, only those know
/// positions.
/// </summary>
internal sealed class Exaone4 : ModelFamily
{
    private const int LayersOf32B = 64;
    private const int Period = 4;
    private const int DefaultWindow = 4096;

    public override string Architecture => "exaone4";

    public override IReadOnlyList<string> HfModelTypes => ["exaone4"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_attention_layernorm", "blk.*.post_attention_norm"),
        ("model.layers.*.post_feedforward_layernorm", "blk.*.post_ffw_norm"));

    // GGUF's other users give windows to models of 64 layers, whatever the file says of a pattern.
    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf };
        int window = gguf.Keys.Window("attention.sliding_window", DefaultWindow);
        return Adapt(shape with
        {
            Windows = shape.NumLayers == LayersOf32B ? gguf.AlternatingWindows(shape.NumLayers, window, Period) : [],
        });
    }

    public override ModelConfig Describe(HfConfigReader config) => Adapt(config.ReadShape(Architecture, Defaults));

    private static ModelConfig Adapt(ModelConfig shape) => Qwen3.WithHeadNorms(shape).Compose(
        (layer, i) => (layer with { Norms = NormPlacement.Behind }).WithAttention(
            attention => attention with { IsRotated = shape.Windows.Count == 0 || shape.Window(i) > 0 }));

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 102400,
        HiddenSize = 4096,
        IntermediateSize = 16384,
        NumLayers = 32,
        NumHeads = 32,
        NumKvHeads = 32,
        MaxContextLength = 2048,
        NormEps = 1e-5f,
        Windows = HfWindows.Alternating,
        Window = DefaultWindow,
        WindowPeriod = Period,
        HasWindowPeriodKey = true,
    };
}
