using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>ERNIE 4.5 without experts: Llama, whose folders rotate neighbouring pairs, too.</summary>
internal sealed class Ernie45 : ModelFamily
{
    public override string Architecture => "ernie4_5";

    public override IReadOnlyList<string> HfModelTypes => ["ernie4_5"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape();

    public override ModelConfig Describe(HfConfigReader config) =>
        config.ReadShape(Architecture, Defaults) with { RopePairing = RopePairing.Interleaved };

    /// <summary>Ernie4_5Config.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 103424,
        HiddenSize = 1024,
        IntermediateSize = 3072,
        NumLayers = 18,
        NumHeads = 16,
        NumKvHeads = 2,
        HeadDim = 128,
        MaxContextLength = 131072,
        NormEps = 1e-5f,
        RopeTheta = 500000f,
    };
}
