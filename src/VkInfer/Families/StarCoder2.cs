using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>StarCoder 2: LayerNorm, GELU without a gate, biases everywhere.</summary>
internal sealed class StarCoder2 : ModelFamily
{
    public override string Architecture => "starcoder2";

    public override IReadOnlyList<string> HfModelTypes => ["starcoder2"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.mlp.c_fc", "blk.*.ffn_up"),
        ("model.layers.*.mlp.c_proj", "blk.*.ffn_down"));

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(
        gguf.ReadShape(NormKind.LayerNorm) with { RopePairing = RopePairing.SplitHalf, Activation = ActivationFunction.Gelu });

    public override ModelConfig Describe(HfConfigReader config) => Adapt(config.ReadShape(Architecture, Defaults));

    private static ModelConfig Adapt(ModelConfig shape) => (shape with { Norm = NormKind.LayerNorm }).Compose(
        layer => layer with { FeedForward = new DenseRecipe { IsGated = false } });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 49152,
        HiddenSize = 3072,
        IntermediateSize = 12288,
        NumLayers = 30,
        NumHeads = 24,
        NumKvHeads = 2,
        MaxContextLength = 4096,
        EpsilonKey = "norm_epsilon",
        NormEps = 1e-5f,
        Activation = "gelu_pytorch_tanh",
        Windows = HfWindows.All,
    };
}
