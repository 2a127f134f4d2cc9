using VkInfer.Configuration;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>SmolLM3: Llama whose every fourth layer knows no positions.</summary>
internal sealed class SmolLm3 : ModelFamily
{
    private const int Period = 4;

    public override string Architecture => "smollm3";

    public override IReadOnlyList<string> HfModelTypes => ["smollm3"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape().Compose(
        (layer, i) => Rotated(layer, (i + 1) % Period != 0));

    public override ModelConfig Describe(HfConfigReader config)
    {
        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        int period = config.Json.TryInt("no_rope_layer_interval", ModelLimits.MaxLayers) ?? Period;
        IReadOnlyList<int> flags = config.Json.Flags("no_rope_layers", shape.NumLayers);
        return shape.Compose((layer, i) => Rotated(layer, flags.Count > 0 ? flags[i] != 0 : (i + 1) % period != 0));
    }

    private static LayerRecipe Rotated(LayerRecipe layer, bool isRotated) =>
        layer.WithAttention(attention => attention with { IsRotated = isRotated });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 128256,
        HiddenSize = 2048,
        IntermediateSize = 11008,
        NumLayers = 36,
        NumHeads = 16,
        NumKvHeads = 4,
        MaxContextLength = 32768,
        RopeTheta = 2e6f,
        Windows = HfWindows.UpperIfUsed,
    };
}
