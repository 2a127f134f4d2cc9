using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Command R and Aya: as Cohere 2, but every layer sees everything and knows positions. Norms of heads (R+) are refused.</summary>
internal sealed class CommandR : ModelFamily
{
    public override string Architecture => "command-r";

    public override IReadOnlyList<string> HfModelTypes => ["cohere"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf) =>
        SideBySide(gguf.ReadShape(NormKind.CentredNorm) with { LogitScale = gguf.Factor("logit_scale", 1) });

    public override ModelConfig Describe(HfConfigReader config) => SideBySide(Read(config, Architecture, Defaults));

    /// <summary>What both versions have in common in folders.</summary>
    public static ModelConfig Read(HfConfigReader config, string architecture, HfDefaults defaults)
    {
        config.Refuse("use_qk_norm", refused: true, "norms of heads with a gain each do not run here");
        return config.ReadShape(architecture, defaults) with
        {
            Norm = NormKind.CentredNorm,
            RopePairing = RopePairing.Interleaved,
            LogitScale = config.Factor("logit_scale", 0.0625f),
        };
    }

    /// <summary>The same model with its blocks side by side.</summary>
    public static ModelConfig SideBySide(ModelConfig shape) => shape.Compose(layer => layer with { IsParallel = true });

    /// <summary>CohereConfig.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 256000,
        HiddenSize = 8192,
        IntermediateSize = 22528,
        NumLayers = 40,
        NumHeads = 64,
        MaxContextLength = 8192,
        EpsilonKey = "layer_norm_eps",
        NormEps = 1e-5f,
    };
}
