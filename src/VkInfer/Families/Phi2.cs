using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Phi-1 and Phi-2: attention and feed-forward layer side by side behind one LayerNorm, biases everywhere, part of heads rotated.
/// </summary>
internal sealed class Phi2 : ModelFamily
{
    public override string Architecture => "phi2";

    public override IReadOnlyList<string> HfModelTypes => ["phi"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.final_layernorm", "output_norm"),
        ("model.layers.*.self_attn.dense", "blk.*.attn_output"),
        ("model.layers.*.mlp.fc1", "blk.*.ffn_up"),
        ("model.layers.*.mlp.fc2", "blk.*.ffn_down"));

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(
        gguf.ReadShape(NormKind.LayerNorm) with { RopePairing = RopePairing.SplitHalf, Activation = ActivationFunction.Gelu });

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("qk_layernorm", refused: true, "norms of heads with a shift do not run here");
        return Adapt(config.ReadShape(Architecture, Defaults));
    }

    private static ModelConfig Adapt(ModelConfig shape) => (shape with { Norm = NormKind.LayerNorm }).Compose(
        layer => layer with { IsParallel = true, FeedForward = new DenseRecipe { IsGated = false } });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 51200,
        HiddenSize = 2048,
        IntermediateSize = 8192,
        NumLayers = 24,
        NumHeads = 32,
        MaxContextLength = 2048,
        EpsilonKey = "layer_norm_eps",
        NormEps = 1e-5f,
        RotatedShare = 0.5f,
        Activation = "gelu_new",
    };
}
