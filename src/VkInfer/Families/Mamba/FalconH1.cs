using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Falcon-H1: attention and Mamba-2 side by side in each layer, behind one norm. GGUF files have the family's factors in their weights; of
/// a folder they are put there, or into the factors of embeddings, scores and logits.
/// </summary>
internal sealed class FalconH1 : ModelFamily
{
    private const string Biases = "biases beside factors do not run here";

    public override string Architecture => "falcon-h1";

    public override IReadOnlyList<string> HfModelTypes => ["falcon_h1"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.final_layernorm", "output_norm"),
        ("model.layers.*.pre_ff_layernorm", "blk.*.ffn_norm"),
        ("model.layers.*.feed_forward.gate_proj", "blk.*.ffn_gate"),
        ("model.layers.*.feed_forward.up_proj", "blk.*.ffn_up"),
        ("model.layers.*.feed_forward.down_proj", "blk.*.ffn_down")).With(Mamba2Layers.Names("model.layers.*.mamba"));

    public override HfTensorForm? FormOf(GgufTensor tensor) => Qwen35.DecayForm(tensor);

    public override ModelConfig Describe(GgufConfigReader gguf) => Compose(
        gguf.ReadShape() with { RopePairing = RopePairing.SplitHalf }, Mamba2Layers.Read(gguf, layer: 0));

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        Mamba2Layers.Check(config, "hidden_act");
        foreach (string key in (string[])["attention_bias", "mlp_bias", "projectors_bias", "mamba_proj_bias"])
        {
            config.Refuse(key, refused: true, Biases);
        }

        ModelConfig shape = config.ReadShape(Architecture, Defaults);
        float scores = config.Factor("key_multiplier") * config.Factor("attention_in_multiplier") * config.Factor("attention_in_multiplier");
        bool isBehind = json.TryBool("mamba_norm_before_gate") ?? true;
        Mamba2Recipe mamba = Mamba2Layers.Read(config, InnerWidth(json), normGroups: 0) with
        {
            Gates = !(json.TryBool("mamba_rms_norm") ?? false) ? Mamba2Gates.WithoutNorm
                : isBehind ? Mamba2Gates.BehindNorm : Mamba2Gates.BeforeNorm,
        };
        return Compose(
            shape with
            {
                EmbeddingScale = config.Factor("embedding_multiplier"),
                LogitScale = config.Factor("lm_head_multiplier"),
                AttentionScale = scores / MathF.Sqrt(shape.HeadDim),
            },
            mamba);
    }

    /// <summary>Factors of what matrices leave, in their rows.</summary>
    public override IReadOnlyList<HfTensorForm> Split(GgufTensor tensor, HfJson config)
    {
        Func<long, float>? factor = tensor.Name.Split('.') is not ["blk", _, var matrix, "weight"] ? null : matrix switch
        {
            "attn_output" => Same(One(config, "attention_in_multiplier") * One(config, "attention_out_multiplier")),
            "ssm_out" => Same(One(config, "ssm_out_multiplier")),
            "ffn_gate" => Same(Some(config, "mlp_multipliers", 2)[0]),
            "ffn_down" => Same(Some(config, "mlp_multipliers", 2)[1]),
            "ssm_in" => OfParts(config, One(config, "ssm_in_multiplier"), Some(config, "ssm_multipliers", 5)),
            _ => null,
        };
        return factor is null ? [] : [new HfScaledForm(tensor, factor)];
    }

    private static float One(HfJson json, string key) => json.TryNumber(key, NumberRange.Factor) ?? 1;

    private static IReadOnlyList<float> Some(HfJson json, string key, int count) =>
        !json.IsSet(key) ? [.. Enumerable.Repeat(1f, count)]
        : json.Numbers(key, NumberRange.Factor) is var factors && factors.Count == count ? factors
        : throw json.Wrong(key, $"{count} numbers", $"a list of {factors.Count}");

    private static Func<long, float> Same(float factor) => _ => factor;

    // Of gates, x, B, C and rates.
    private static Func<long, float> OfParts(HfJson json, float input, IReadOnlyList<float> factors)
    {
        long inner = InnerWidth(json);
        long group = (long)(json.TryInt("mamba_n_groups", ModelLimits.MaxHeads) ?? 1) * Mamba2Layers.StateDim(json);
        long[] ends = [inner, 2 * inner, (2 * inner) + group, (2 * inner) + (2 * group)];
        return row => input * factors[ends.Count(end => row >= end)];
    }

    private static long InnerWidth(HfJson json) => json.TryInt("mamba_d_ssm", ModelLimits.MaxWidth)
        ?? (json.Has("mamba_d_ssm") ? (long)(json.TryInt("mamba_expand", ModelLimits.MaxWidth) ?? 2)
            * (json.TryInt("hidden_size", ModelLimits.MaxWidth) ?? Defaults.HiddenSize) : 1024);

    private static ModelConfig Compose(ModelConfig shape, Mamba2Recipe mamba) =>
        shape.Compose(layer => layer with { SecondMixer = mamba });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 128000,
        HiddenSize = 4096,
        IntermediateSize = 14336,
        NumLayers = 32,
        NumHeads = 32,
        NumKvHeads = 8,
        MaxContextLength = 8192,
        NormEps = 1e-5f,
    };
}
