using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Nomic's BERT: BERT with rotary positions, SwiGLU, and no biases but those of its norms.</summary>
internal sealed class NomicBert : ModelFamily
{
    private static readonly Dictionary<string, string> Stems = new()
    {
        ["embeddings.word_embeddings"] = "token_embd",
        ["embeddings.token_type_embeddings"] = "token_types",
        ["emb_ln"] = "token_embd_norm",
        ["encoder.layers.*.attn.Wqkv"] = "blk.*.attn_qkv",
        ["encoder.layers.*.attn.out_proj"] = "blk.*.attn_output",
        ["encoder.layers.*.norm1"] = "blk.*.attn_output_norm",
        ["encoder.layers.*.mlp.fc11"] = "blk.*.ffn_up",
        ["encoder.layers.*.mlp.fc12"] = "blk.*.ffn_gate",
        ["encoder.layers.*.mlp.fc2"] = "blk.*.ffn_down",
        ["encoder.layers.*.norm2"] = "blk.*.layer_output_norm",
    };

    public override string Architecture => "nomic-bert";

    public override IReadOnlyList<string> HfModelTypes => ["nomic_bert"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Bert.WithPrefix(Stems, "bert.");

    public override bool IsLeftOut(string name) => base.IsLeftOut(name)
        || name.StartsWith("cls.", StringComparison.Ordinal) || name.StartsWith("pooler.", StringComparison.Ordinal);

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(
        gguf.ReadShape(NormKind.LayerNorm, isEncoder: true) with { RopePairing = RopePairing.SplitHalf }, Bert.TokenTypesOf(gguf));

    // Its fields have GPT-2's names; the defaults are those of its configuration_hf_nomic_bert.py.
    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        config.Refuse("prenorm", refused: true, "norms before blocks do not run here");
        config.Refuse("parallel_block", refused: true, "blocks side by side do not run here");
        config.Refuse("use_rms_norm", refused: true, "RMSNorm does not run here");
        config.Refuse("causal", refused: true, "a decoder of this kind does not run here");
        config.RefuseCount("num_experts", "mixtures of experts do not run here");
        if (json.TryString("activation_function") is not "swiglu" and var function)
        {
            throw json.Wrong("activation_function", "swiglu", $"\"{function}\"");
        }

        if (json.IsSet("rotary_scaling_factor"))
        {
            throw json.Wrong("rotary_scaling_factor", "null: frequencies by the length of the text do not run here", "a number");
        }

        config.Names = new ShapeKeys("n_embd", "n_head", "n_head", "n_embd", "rotary_emb_fraction");
        int hidden = config.Tensors.HiddenSize(json.TryInt("n_embd", ModelLimits.MaxWidth) ?? 768, "n_embd");
        int heads = json.TryInt("n_head", ModelLimits.MaxHeads) ?? 12;
        float share = json.TryNumber("rotary_emb_fraction", NumberRange.RotatedShare) ?? 1;
        return Adapt(
            new ModelConfig
            {
                Architecture = Architecture,
                IsEncoder = true,
                VocabSize = config.Tensors.VocabSize(json.TryInt("vocab_size", int.MaxValue) ?? 30528, "vocab_size"),
                HiddenSize = hidden,
                IntermediateSize = config.Tensors.IntermediateSize(
                    json.TryInt("n_inner", ModelLimits.MaxWidth) ?? 4 * hidden, "n_inner", false),
                NumLayers = json.TryInt("n_layer", ModelLimits.MaxLayers) ?? 12,
                NumHeads = heads,
                NumKvHeads = heads,
                HeadDim = hidden / heads,
                RotaryDim = (int)(hidden / heads * (double)share),
                RopePairing = json.TryBool("rotary_emb_interleaved") == true ? RopePairing.Interleaved : RopePairing.SplitHalf,
                RopeTheta = json.TryNumber("rotary_emb_base", NumberRange.RopeTheta) ?? 1000f,
                Norm = NormKind.LayerNorm,
                NormEps = json.TryNumber("layer_norm_epsilon", NumberRange.Epsilon) ?? 1e-12f,
                MaxContextLength = json.TryInt("n_positions", ModelLimits.MaxContextLength) ?? 8192,
            },
            json.TryInt("type_vocab_size", ModelLimits.MaxWidth, min: 0) ?? 2);
    }

    private static ModelConfig Adapt(ModelConfig shape, int tokenTypes) => Bert.Adapt(shape, tokenTypes).Compose(
        layer => layer with { FeedForward = new DenseRecipe() }) with
    {
        Activation = ActivationFunction.Silu,
    };
}
