using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Qwen2 and 2.5: Llama with biases on queries, keys and values.</summary>
internal sealed class Qwen2 : ModelFamily
{
    public override string Architecture => "qwen2";

    public override IReadOnlyList<string> HfModelTypes => ["qwen2"];

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf };

    // The window is there in every file, and in use in none that was published.
    public override ModelConfig Describe(HfConfigReader config) => config.Json.TryBool("use_sliding_window") == true
        ? throw config.Json.Wrong("use_sliding_window", "false", "true")
        : base.Describe(config);
}
