using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Gemma 1: Llama with GeGLU and scaled embeddings. To the gains of its norms 1 is added, which GGUF files already hold.</summary>
internal sealed class Gemma : ModelFamily
{
    public override string Architecture => "gemma";

    public override IReadOnlyList<string> HfModelTypes => ["gemma"];

    public override bool TiesEmbeddings => true;

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape() with { Activation = ActivationFunction.Gelu });

    public override float HfNormOffset => 1;

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("use_bidirectional_attention", refused: true, "attention to later positions does not run here");

        // The first folders say "gelu" and mean its tanh form, which a key of a later version says.
        string key = config.Json.IsString("hidden_activation") ? "hidden_activation" : "hidden_act";
        bool isOld = config.Json.IsString(key) && config.Json.TryString(key) == "gelu";
        HfDefaults defaults = Defaults with { ActivationKey = isOld ? "" : key };
        return Adapt(config.ReadShape(Architecture, defaults));
    }

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 256000,
        HiddenSize = 3072,
        IntermediateSize = 24576,
        NumLayers = 28,
        NumHeads = 16,
        NumKvHeads = 16,
        HeadDim = 256,
        MaxContextLength = 8192,
        Activation = "gelu_pytorch_tanh",
    };

    /// <summary>What all versions of Gemma have in common.</summary>
    public static ModelConfig Adapt(ModelConfig shape) => shape with
    {
        RopePairing = RopePairing.SplitHalf,
        EmbeddingScale = MathF.Sqrt(shape.HiddenSize),
    };
}
