using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Llama 1 to 3; Mistral, whose queries see a window of positions; Mixtral, a mixture of experts.</summary>
internal sealed class Llama : ModelFamily
{
    public override string Architecture => "llama";

    public override IReadOnlyList<string> HfModelTypes => ["llama", "mistral", "mixtral"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Families.HfTensorNames.Llama.With(Families.HfTensorNames.SparseExperts);

    // llama.cpp's llama has no windows: a key "attention.sliding_window" in such a file is another architecture's.
    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape();

    public override ModelConfig Describe(HfConfigReader config) => config.ReadShape(Architecture, config.ModelType switch
    {
        "mistral" => Mistral,
        "mixtral" => Mixtral,
        _ => Defaults,
    });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 32000,
        HiddenSize = 4096,
        IntermediateSize = 11008,
        NumLayers = 32,
        NumHeads = 32,
        MaxContextLength = 2048,
    };

    private static HfDefaults Mistral { get; } = Defaults with
    {
        IntermediateSize = 14336,
        NumKvHeads = 8,
        MaxContextLength = 131072,
        Windows = HfWindows.All,
        Window = 4096,
    };

    private static HfDefaults Mixtral { get; } = Mistral with
    {
        NormEps = 1e-5f,
        RopeTheta = 1e6f,
        Window = 0,
        NumExperts = 8,
        NumExpertsPerToken = 2,
    };
}
