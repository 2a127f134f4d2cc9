using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// ModernBERT (Warner et al. 2024): an encoder with rotary positions, norms before its blocks but for the first attention, GeGLU, and a
/// window with another θ in two of three layers.
/// </summary>
internal sealed class ModernBert : ModelFamily
{
    private const int Period = 3;
    private const int DefaultWindow = 128;
    private const float WindowedTheta = 10000f;

    private static readonly Dictionary<string, string> Stems = new()
    {
        ["embeddings.tok_embeddings"] = "token_embd",
        ["embeddings.norm"] = "token_embd_norm",
        ["layers.*.attn_norm"] = "blk.*.attn_norm",
        ["layers.*.attn.Wqkv"] = "blk.*.attn_qkv",
        ["layers.*.attn.Wo"] = "blk.*.attn_output",
        ["layers.*.mlp_norm"] = "blk.*.ffn_norm",
        ["layers.*.mlp.Wi"] = "blk.*.ffn_up",
        ["layers.*.mlp.Wo"] = "blk.*.ffn_down",
        ["final_norm"] = "output_norm",
    };

    public override string Architecture => "modern-bert";

    public override IReadOnlyList<string> HfModelTypes => ["modernbert"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Bert.WithPrefix(Stems, "model.");

    // What was learned from: masked words.
    public override bool IsLeftOut(string name) =>
        name.StartsWith("head.", StringComparison.Ordinal) || name.StartsWith("decoder.", StringComparison.Ordinal);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape(NormKind.CentredNorm, isEncoder: true);
        int both = gguf.Keys.Window("attention.sliding_window", DefaultWindow);
        return Adapt(shape) with
        {
            RopePairing = RopePairing.SplitHalf,
            Activation = ActivationFunction.GeluErf,
            WindowedRopeTheta = gguf.Keys.TryNumber("rope.freq_base_swa", NumberRange.RopeTheta) ?? WindowedTheta,
            Windows = gguf.AlternatingWindows(shape.NumLayers, ModelConfig.SymmetricWindow(both), Period, isFirst: true),
        };
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        bool hasOwnTheta = !json.Has("rope_parameters");
        return Adapt(shape with { IsEncoder = true }) with
        {
            Norm = json.TryBool("norm_bias") == true ? NormKind.LayerNorm : NormKind.CentredNorm,
            RopeTheta = (hasOwnTheta ? json.TryNumber("global_rope_theta", NumberRange.RopeTheta) : null) ?? shape.RopeTheta,
            WindowedRopeTheta = shape.WindowedRopeTheta
                ?? (hasOwnTheta ? json.TryNumber("local_rope_theta", NumberRange.RopeTheta) : null) ?? WindowedTheta,
            Windows = Windows(json, shape.NumLayers),
        };
    }

    private static IReadOnlyList<int> Windows(HfJson json, int layers)
    {
        int window = ModelConfig.SymmetricWindow(json.TryInt("local_attention", ModelLimits.MaxContextLength) ?? DefaultWindow);
        return json.Strings("layer_types").Count > 0
            ? HfWindowReader.ByType(json, layers, window)
            : ModelConfig.AlternatingWindows(
                layers, window, json.TryInt("global_attn_every_n_layers", ModelLimits.MaxLayers) ?? Period, isFirst: true);
    }

    private static ModelConfig Adapt(ModelConfig shape) => (shape with { HasEmbeddingNorm = true }).Compose(
        (layer, index) => layer with { HasMixerNorm = index > 0 });

    // ModernBertConfig's.
    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 50368,
        HiddenSize = 768,
        IntermediateSize = 1152,
        NumLayers = 22,
        NumHeads = 12,
        MaxContextLength = 8192,
        EpsilonKey = "norm_eps",
        NormEps = 1e-5f,
        RopeTheta = 160000f,
        ActivationKey = "hidden_activation",
        Activation = "gelu",
    };
}
