using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// StableLM 2: Llama with LayerNorm, a quarter of heads rotated. Models with blocks side by side and norms of heads (12B) are refused.
/// </summary>
internal sealed class StableLm : ModelFamily
{
    public override string Architecture => "stablelm";

    public override IReadOnlyList<string> HfModelTypes => ["stablelm"];

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        if (gguf.Keys.TryFlag("use_parallel_residual") == true)
        {
            throw gguf.Keys.Wrong("use_parallel_residual", "false: blocks side by side do not run in this family");
        }

        return gguf.ReadShape(NormKind.LayerNorm) with { RopePairing = RopePairing.SplitHalf };
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("use_parallel_residual", refused: true, "blocks side by side do not run in this family");
        config.Refuse("qk_layernorm", refused: true, "norms of heads with a gain each do not run here");
        return config.ReadShape(Architecture, Defaults) with { Norm = NormKind.LayerNorm };
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 50304,
        HiddenSize = 2560,
        IntermediateSize = 6912,
        NumLayers = 32,
        NumHeads = 32,
        NumKvHeads = 32,
        MaxContextLength = 4096,
        EpsilonKey = "layer_norm_eps",
        NormEps = 1e-5f,
        RotatedShare = 0.25f,
    };
}
