using VkInfer.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Families;

/// <summary>
/// ChatGLM2, ChatGLM3 and GLM-4, the last also in the layout with Llama's names: half of each head is rotated, in neighbouring pairs; few key and value heads; fused
/// projections.
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

    public override ModelConfig Describe(HfConfigReader config) => config.ModelType == "glm"
        ? config.ReadShape(Architecture) with { RopePairing = RopePairing.Interleaved }
        : DescribeFirst(config);

    // The first layout has names of its own for the fields, too.
    private ModelConfig DescribeFirst(HfConfigReader config)
    {
        if (config.Json.TryBool("apply_residual_connection_post_layernorm") == true || config.Json.TryBool("rmsnorm") == false)
        {
            throw config.Json.Wrong("apply_residual_connection_post_layernorm", "false, and rmsnorm true", "another layout of norms");
        }

        int heads = config.Json.Int("num_attention_heads", ModelLimits.MaxHeads);
        int headDim = config.Json.Int("kv_channels", ModelLimits.MaxWidth);
        return new ModelConfig
        {
            Architecture = Architecture,
            VocabSize = config.Json.Int("padded_vocab_size", ModelLimits.MaxVocabSize),
            HiddenSize = config.Json.Int("hidden_size", ModelLimits.MaxWidth),
            IntermediateSize = config.Json.Int("ffn_hidden_size", ModelLimits.MaxWidth),
            NumLayers = config.Json.Int("num_layers", ModelLimits.MaxLayers),
            NumHeads = heads,
            NumKvHeads = config.Json.TryBool("multi_query_attention") == true ? config.Json.Int("multi_query_group_num", ModelLimits.MaxHeads) : heads,
            HeadDim = headDim,
            RotaryDim = headDim / 2,
            RopePairing = RopePairing.Interleaved,
            RopeTheta = 10000f * (config.Json.TryPositive("rope_ratio") ?? 1f),
            NormEps = config.Json.TryPositive("layernorm_epsilon") ?? 1e-5f,
            MaxContextLength = config.Json.TryInt("seq_length", ModelLimits.MaxContextLength) ?? ModelOptions.DefaultContextLength,
        };
    }
}
