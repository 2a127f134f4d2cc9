using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Llama 1 to 3, and Mistral, whose queries see a window of positions.</summary>
internal sealed class Llama : ModelFamily
{
    public override string Architecture => "llama";

    public override IReadOnlyList<string> HfModelTypes => ["llama", "mistral"];

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape();
        return shape with { Windows = ModelConfig.UniformWindows(shape.NumLayers, gguf.Window) };
    }
}
