using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>OPT: learned positions that begin at row 2, LayerNorm, ReLU without a gate, biases everywhere.</summary>
internal sealed class Opt : ModelFamily
{
    private static readonly Dictionary<string, string> Stems = new()
    {
        ["decoder.embed_tokens"] = "token_embd",
        ["decoder.embed_positions"] = "position_embd",
        ["decoder.final_layer_norm"] = "output_norm",
        ["decoder.layers.*.self_attn_layer_norm"] = "blk.*.attn_norm",
        ["decoder.layers.*.self_attn.q_proj"] = "blk.*.attn_q",
        ["decoder.layers.*.self_attn.k_proj"] = "blk.*.attn_k",
        ["decoder.layers.*.self_attn.v_proj"] = "blk.*.attn_v",
        ["decoder.layers.*.self_attn.out_proj"] = "blk.*.attn_output",
        ["decoder.layers.*.final_layer_norm"] = "blk.*.ffn_norm",
        ["decoder.layers.*.fc1"] = "blk.*.ffn_up",
        ["decoder.layers.*.fc2"] = "blk.*.ffn_down",
    };

    // Of our own: GGUF's other users do not know the family.
    public override string Architecture => "opt";

    public override IReadOnlyList<string> HfModelTypes => ["opt"];

    public override bool TiesEmbeddings => true;

    // Some files were saved without the prefix.
    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Stems.With([.. Stems.Select(pair => ("model." + pair.Key, pair.Value)), ("lm_head", "output")]);

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf.ReadShape(NormKind.LayerNorm)) with
    {
        Activation = ActivationFunction.Relu,
    };

    // The defaults are OPTConfig's.
    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("do_layer_norm_before", refused: false, "norms behind the residual connection (OPT-350M) do not run here");
        config.Refuse("_remove_final_layer_norm", refused: true, "a model without its last norm does not run here");
        HfJson json = config.Json;
        int hidden = config.Tensors.HiddenSize(json.TryInt("hidden_size", ModelLimits.MaxWidth) ?? 768, "hidden_size");
        int heads = json.TryInt("num_attention_heads", ModelLimits.MaxHeads) ?? 12;
        if (json.TryInt("word_embed_proj_dim", ModelLimits.MaxWidth) is { } width && width != hidden)
        {
            throw json.Wrong("word_embed_proj_dim", $"hidden_size, {hidden}", width);
        }

        return Adapt(new ModelConfig
        {
            Architecture = Architecture,
            VocabSize = config.Tensors.VocabSize(json.TryInt("vocab_size", int.MaxValue) ?? 50272, "vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = config.Tensors.IntermediateSize(json.TryInt("ffn_dim", ModelLimits.MaxWidth) ?? 3072, "ffn_dim", false),
            NumLayers = json.TryInt("num_hidden_layers", ModelLimits.MaxLayers) ?? 12,
            NumHeads = heads,
            NumKvHeads = heads,
            HeadDim = hidden / heads,
            RotaryDim = 0,
            RopePairing = RopePairing.SplitHalf,
            RopeTheta = 1,
            NormEps = 1e-5f,
            Activation = config.ReadActivation("activation_function", "relu"),
            MaxContextLength = json.TryInt("max_position_embeddings", ModelLimits.MaxContextLength) ?? 2048,
        });
    }

    private static ModelConfig Adapt(ModelConfig shape) => (shape with
    {
        RotaryDim = 0,
        FirstPositionRow = 2,
        Norm = NormKind.LayerNorm,
    }).Compose(layer => layer with { FeedForward = new DenseRecipe { IsGated = false } });
}
