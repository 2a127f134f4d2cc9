using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>GPT-2: learned positions, LayerNorm, GELU without a gate, biases everywhere.</summary>
internal sealed class Gpt2 : ModelFamily
{
    private static readonly Dictionary<string, string> Stems = new()
    {
        ["wte"] = "token_embd",
        ["wpe"] = "position_embd",
        ["ln_f"] = "output_norm",
        ["h.*.ln_1"] = "blk.*.attn_norm",
        ["h.*.attn.c_attn"] = "blk.*.attn_qkv",
        ["h.*.attn.c_proj"] = "blk.*.attn_output",
        ["h.*.ln_2"] = "blk.*.ffn_norm",
        ["h.*.mlp.c_fc"] = "blk.*.ffn_up",
        ["h.*.mlp.c_proj"] = "blk.*.ffn_down",
    };

    public override string Architecture => "gpt2";

    public override IReadOnlyList<string> HfModelTypes => ["gpt2"];

    public override bool TiesEmbeddings => true;

    // The first files were saved without the prefix.
    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Stems.With([.. Stems.Select(pair => ("transformer." + pair.Key, pair.Value)), ("lm_head", "output")]);

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape(NormKind.LayerNorm)) with
    {
        Activation = ActivationFunction.Gelu,
    };

    // Its fields have names of their own.
    public override ModelConfig Describe(HfConfigReader config)
    {
        if (config.Json.TryBool("scale_attn_by_inverse_layer_idx") == true)
        {
            throw config.Json.Wrong("scale_attn_by_inverse_layer_idx", "false", "true");
        }

        int hidden = config.Json.Int("n_embd", ModelLimits.MaxWidth);
        int heads = config.Json.Int("n_head", ModelLimits.MaxHeads);
        return Adapt(new ModelConfig
        {
            Architecture = Architecture,
            VocabSize = config.Json.Int("vocab_size", ModelLimits.MaxVocabSize),
            HiddenSize = hidden,
            IntermediateSize = config.Json.TryInt("n_inner", ModelLimits.MaxWidth) ?? 4 * hidden,
            NumLayers = config.Json.Int("n_layer", ModelLimits.MaxLayers),
            NumHeads = heads,
            NumKvHeads = heads,
            HeadDim = hidden / heads,
            RotaryDim = 0,
            RopePairing = RopePairing.SplitHalf,
            RopeTheta = 1,
            NormEps = config.Json.TryPositive("layer_norm_epsilon") ?? 1e-5f,
            Activation = config.ReadActivation(),
            MaxContextLength = config.Json.Int("n_positions", ModelLimits.MaxContextLength),
        });
    }

    // Attention masks that the first files hold.
    public override bool IsComputed(string name) =>
        name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal);

    public override bool IsTransposed(string name) => name.StartsWith("blk.", StringComparison.Ordinal) && !name.Contains("norm", StringComparison.Ordinal)
        && name.EndsWith(".weight", StringComparison.Ordinal);

    private static ModelConfig Adapt(ModelConfig shape) => shape with
    {
        RotaryDim = 0,
        FirstPositionRow = 0,
        Norm = NormKind.LayerNorm,
        IsGated = false,
    };
}
