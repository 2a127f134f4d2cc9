using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Qwen2 and 2.5: Llama with biases on queries, keys and values.</summary>
internal sealed class Qwen2 : ModelFamily
{
    public override string Architecture => "qwen2";

    public override IReadOnlyList<string> HfModelTypes => ["qwen2"];

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf };

    public override ModelConfig Describe(HfConfigReader config) => config.ReadShape(Architecture, Defaults);

    /// <summary>Qwen2Config, and but for the length of heads Qwen3Config.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 151936,
        HiddenSize = 4096,
        IntermediateSize = 22016,
        NumLayers = 32,
        NumHeads = 32,
        NumKvHeads = 32,
        MaxContextLength = 32768,
        Windows = HfWindows.UpperIfUsed,
        Window = 4096,
    };
}
