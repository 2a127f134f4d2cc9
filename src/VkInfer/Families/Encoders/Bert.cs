using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// BERT (Devlin et al. 2018): an encoder with learned positions, token types, norms of sums, GELU without a gate, biases everywhere.
/// </summary>
internal sealed class Bert : ModelFamily
{
    private static readonly Dictionary<string, string> Stems = new()
    {
        ["embeddings.word_embeddings"] = "token_embd",
        ["embeddings.position_embeddings"] = "position_embd",
        ["embeddings.token_type_embeddings"] = "token_types",
        ["embeddings.LayerNorm"] = "token_embd_norm",
        ["encoder.layer.*.attention.self.query"] = "blk.*.attn_q",
        ["encoder.layer.*.attention.self.key"] = "blk.*.attn_k",
        ["encoder.layer.*.attention.self.value"] = "blk.*.attn_v",
        ["encoder.layer.*.attention.output.dense"] = "blk.*.attn_output",
        ["encoder.layer.*.attention.output.LayerNorm"] = "blk.*.attn_output_norm",
        ["encoder.layer.*.intermediate.dense"] = "blk.*.ffn_up",
        ["encoder.layer.*.output.dense"] = "blk.*.ffn_down",
        ["encoder.layer.*.output.LayerNorm"] = "blk.*.layer_output_norm",
    };

    public override string Architecture => "bert";

    public override IReadOnlyList<string> HfModelTypes => ["bert"];

    public override bool TiesEmbeddings => true;

    // Models with a head have a prefix.
    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = WithPrefix(Stems, "bert.");

    // What was learned from: pooled pairs, and masked words.
    public override bool IsLeftOut(string name) => name.EndsWith("embeddings.position_ids", StringComparison.Ordinal)
        || name.StartsWith("cls.", StringComparison.Ordinal) || name.StartsWith("pooler.", StringComparison.Ordinal)
        || name.StartsWith("bert.pooler.", StringComparison.Ordinal);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape(NormKind.LayerNorm, isEncoder: true);
        return Adapt(shape with { RotaryDim = 0, FirstPositionRow = 0 }, TokenTypesOf(gguf));
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        config.Refuse("is_decoder", refused: true, "a decoder of this kind does not run here");
        HfJson json = config.Json;
        if (json.TryString("position_embedding_type") is { } positions and not "absolute")
        {
            throw json.Wrong("position_embedding_type", "absolute", $"\"{positions}\"");
        }

        ModelConfig shape = config.ReadShape(Architecture, Defaults) with { Norm = NormKind.LayerNorm, IsEncoder = true };
        return Adapt(shape with { RotaryDim = 0, FirstPositionRow = 0 }, json.TryInt("type_vocab_size", ModelLimits.MaxWidth) ?? 2) with
        {
            Activation = shape.Activation,
        };
    }

    /// <summary>Rows of the table of token types of a GGUF file; 0 where it has none.</summary>
    public static int TokenTypesOf(GgufConfigReader gguf) => gguf.Tensors.RowsOf("token_types.weight");

    /// <summary>Names with and without a prefix.</summary>
    public static IReadOnlyDictionary<string, string> WithPrefix(IReadOnlyDictionary<string, string> names, string prefix) =>
        names.With([.. names.Select(pair => (prefix + pair.Key, pair.Value))]);

    /// <summary>What BERT's kinds with norms of sums have in common. GGUF says nothing of the function, which is GELU itself.</summary>
    public static ModelConfig Adapt(ModelConfig shape, int tokenTypes) => (shape with
    {
        TokenTypes = tokenTypes,
        HasEmbeddingNorm = true,
        OutputNorm = null,
        Activation = ActivationFunction.GeluErf,
    }).Compose(layer => layer with { Norms = NormPlacement.BehindSum, FeedForward = new DenseRecipe { IsGated = false } });

    // BertConfig's.
    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 30522,
        HiddenSize = 768,
        IntermediateSize = 3072,
        NumLayers = 12,
        NumHeads = 12,
        MaxContextLength = 512,
        EpsilonKey = "layer_norm_eps",
        NormEps = 1e-12f,
        Activation = "gelu",
    };
}
