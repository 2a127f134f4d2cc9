using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>Phi-3 and Phi-4-mini: Llama with fused projections, a window, and LongRoPE in the versions for long contexts.</summary>
internal sealed class Phi3 : ModelFamily
{
    public override string Architecture => "phi3";

    public override IReadOnlyList<string> HfModelTypes => ["phi3"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.self_attn.qkv_proj", "blk.*.attn_qkv"),
        ("model.layers.*.mlp.gate_up_proj", "blk.*.ffn_up"));

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape(takesLongFactors: true);
        return shape with
        {
            RopePairing = RopePairing.SplitHalf,
            Windows = ModelConfig.UniformWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window")),
        };
    }

    public override ModelConfig Describe(HfConfigReader config) => config.ReadShape(Architecture, Defaults);

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 32064,
        HiddenSize = 3072,
        IntermediateSize = 8192,
        NumLayers = 32,
        NumHeads = 32,
        MaxContextLength = 4096,
        OriginalContextLength = 4096,
        NormEps = 1e-5f,
        Windows = HfWindows.All,
        CallsLongRopeYarn = true,
    };
}
