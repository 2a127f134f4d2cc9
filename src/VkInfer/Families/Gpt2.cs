using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

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

    // Its fields have names of their own; the defaults are GPT2Config's.
    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("scale_attn_by_inverse_layer_idx", refused: true, "scores scaled by the layer do not run here");
        config.Refuse("add_cross_attention", refused: true, "attention to an encoder does not run here");
        config.Names = new ShapeKeys("n_embd", "n_head", "n_head", "n_embd", "none");
        HfJson json = config.Json;
        int hidden = config.Tensors.HiddenSize(json.TryInt("n_embd", ModelLimits.MaxWidth) ?? 768, "n_embd");
        int heads = json.TryInt("n_head", ModelLimits.MaxHeads) ?? 12;
        return Adapt(new ModelConfig
        {
            Architecture = Architecture,
            VocabSize = config.Tensors.VocabSize(json.TryInt("vocab_size", int.MaxValue) ?? 50257, "vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = config.Tensors.IntermediateSize(json.TryInt("n_inner", ModelLimits.MaxWidth) ?? 4 * hidden, "n_inner",
                false),
            NumLayers = json.TryInt("n_layer", ModelLimits.MaxLayers) ?? 12,
            NumHeads = heads,
            NumKvHeads = heads,
            HeadDim = hidden / heads,
            RotaryDim = 0,
            RopePairing = RopePairing.SplitHalf,
            RopeTheta = 1,
            NormEps = json.TryNumber("layer_norm_epsilon", NumberRange.Epsilon) ?? 1e-5f,
            Activation = config.ReadActivation("activation_function", "gelu_new"),
            AttentionScale = json.TryBool("scale_attn_weights") == false ? 1f : null,
            MaxContextLength = json.TryInt("n_positions", ModelLimits.MaxContextLength) ?? 1024,
        });
    }

    // Attention masks that the first files hold.
    public override bool IsLeftOut(string name) =>
        name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attn.masked_bias", StringComparison.Ordinal);

    public override bool IsTransposed(string name) => name.StartsWith("blk.", StringComparison.Ordinal)
        && !name.Contains("norm", StringComparison.Ordinal)
        && name.EndsWith(".weight", StringComparison.Ordinal);

    private static ModelConfig Adapt(ModelConfig shape) => (shape with
    {
        RotaryDim = 0,
        FirstPositionRow = 0,
        Norm = NormKind.LayerNorm,
    }).Compose(layer => layer with { FeedForward = new DenseRecipe { IsGated = false } });
}
