using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// ChatGLM2, ChatGLM3 and GLM-4, the last also in the layout with Llama's names: half of each head is rotated, in neighbouring pairs; few
/// key and value heads; fused projections.
/// </summary>
internal sealed class ChatGlm : ModelFamily
{
    public override string Architecture => "chatglm";

    public override IReadOnlyList<string> HfModelTypes => ["chatglm", "glm"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.mlp.gate_up_proj", "blk.*.ffn_up"),
        ("transformer.embedding.word_embeddings", "token_embd"),
        ("transformer.encoder.final_layernorm", "output_norm"),
        ("transformer.output_layer", "output"),
        ("transformer.encoder.layers.*.input_layernorm", "blk.*.attn_norm"),
        ("transformer.encoder.layers.*.self_attention.query_key_value", "blk.*.attn_qkv"),
        ("transformer.encoder.layers.*.self_attention.dense", "blk.*.attn_output"),
        ("transformer.encoder.layers.*.post_attention_layernorm", "blk.*.ffn_norm"),
        ("transformer.encoder.layers.*.mlp.dense_h_to_4h", "blk.*.ffn_up"),
        ("transformer.encoder.layers.*.mlp.dense_4h_to_h", "blk.*.ffn_down"));

    public override ModelConfig Describe(GgufConfigReader gguf) => gguf.ReadShape();

    /// <summary>GlmConfig, and but for the architecture Glm4Config.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 151552,
        HiddenSize = 4096,
        IntermediateSize = 13696,
        NumLayers = 40,
        NumHeads = 32,
        NumKvHeads = 2,
        HeadDim = 128,
        MaxContextLength = 131072,
        NormEps = 1.5625e-7f,
        RotatedShare = 0.5f,
    };

    public override ModelConfig Describe(HfConfigReader config) => config.ModelType == "glm"
        ? config.ReadShape(Architecture, Defaults) with { RopePairing = RopePairing.Interleaved }
        : DescribeFirst(config);

    // The first layout has names of its own for the fields, too; the defaults are those of its configuration_chatglm.py.
    private ModelConfig DescribeFirst(HfConfigReader config)
    {
        config.Refuse("apply_residual_connection_post_layernorm", refused: true,
            "another place of the residual connection does not run here");
        config.Refuse("rmsnorm", refused: false, "LayerNorm does not run in this family");
        config.Refuse("post_layer_norm", refused: false, "a model without its last norm does not run here");
        config.Names = new ShapeKeys("hidden_size", "num_attention_heads", "multi_query_group_num", "kv_channels", "kv_channels");
        HfJson json = config.Json;
        int hidden = config.Tensors.HiddenSize(json.TryInt("hidden_size", ModelLimits.MaxWidth) ?? 4096, "hidden_size");
        int heads = json.TryInt("num_attention_heads", ModelLimits.MaxHeads) ?? 32;
        int kvHeads = json.TryBool("multi_query_attention") == true ? json.TryInt("multi_query_group_num", ModelLimits.MaxHeads) ?? 1
            : heads;
        (int headDim, _) = config.Tensors.HeadDim(heads, kvHeads, json.TryInt("kv_channels", ModelLimits.MaxWidth) ?? 128, "kv_channels");
        return new ModelConfig
        {
            Architecture = Architecture,
            VocabSize = config.Tensors.VocabSize(json.TryInt("padded_vocab_size", int.MaxValue) ?? 65024, "padded_vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = config.Tensors.IntermediateSize(json.TryInt("ffn_hidden_size", ModelLimits.MaxWidth) ?? 13696,
                "ffn_hidden_size", false),
            NumLayers = json.TryInt("num_layers", ModelLimits.MaxLayers) ?? 28,
            NumHeads = heads,
            NumKvHeads = kvHeads,
            HeadDim = headDim,
            RotaryDim = headDim / 2,
            RopePairing = RopePairing.Interleaved,
            RopeTheta = 10000f * (json.TryNumber("rope_ratio", NumberRange.RopeFactor) ?? 1f),
            NormEps = json.TryNumber("layernorm_epsilon", NumberRange.Epsilon) ?? 1e-5f,
            MaxContextLength = json.TryInt("seq_length", ModelLimits.MaxContextLength) ?? 2048,
        };
    }
}
