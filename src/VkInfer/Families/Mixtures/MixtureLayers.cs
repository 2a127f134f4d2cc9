using VkInfer.Configuration;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Which layers of a model have mixtures of experts, and which one feed-forward layer for all tokens: in one place for all families, whose
/// files say it each in its own way.
/// </summary>
internal static class MixtureLayers
{
    private const string Types = "mlp_layer_types";
    private const string DenseType = "dense";
    private const string SparseType = "sparse";

    /// <summary>The model with a mixture in each layer but those without experts, which all are where there are none.</summary>
    /// <param name="shape">Its sizes.</param>
    /// <param name="mixture">What the others have.</param>
    /// <param name="isDense">Whether a layer, from 0, has none.</param>
    /// <param name="denseWidth">The width of such a layer, which is asked for where there is one.</param>
    public static ModelConfig Compose(ModelConfig shape, MixtureRecipe mixture, Func<int, bool> isDense, Func<int> denseWidth) =>
        shape.Compose((layer, i) => layer with
        {
            FeedForward = shape.NumExperts == 0 || isDense(i) ? new DenseRecipe { Width = denseWidth() } : mixture,
        });

    /// <summary>The same of a GGUF file, in which all of these layers have one width.</summary>
    public static ModelConfig Compose(GgufConfigReader gguf, ModelConfig shape, MixtureRecipe mixture, Func<int, bool> isDense) =>
        Compose(shape, mixture, isDense, () => gguf.Keys.Count("feed_forward_length", ModelLimits.MaxWidth));

    /// <summary>
    /// The layers without experts of a GGUF file: as many of the first as it says, and of the others those that have the tensors of a layer
    /// for all tokens.
    /// </summary>
    public static Func<int, bool> Dense(GgufConfigReader gguf)
    {
        int first = gguf.Keys.TryCount("leading_dense_block_count", ModelLimits.MaxLayers, min: 0) ?? 0;
        return layer => layer < first || gguf.Tensors.Has($"blk.{layer}.ffn_down.weight");
    }

    /// <summary>The layers without experts of a folder: those that <c>mlp_layer_types</c> names, else as the family says.</summary>
    /// <param name="json">The folder's fields.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="otherwise">What the family's own keys say.</param>
    public static Func<int, bool> Dense(HfJson json, int layers, Func<int, bool> otherwise)
    {
        IReadOnlyList<string> types = json.Strings(Types);
        return types.Count == 0 ? otherwise
            : types.Count == layers && types.All(type => type is DenseType or SparseType) ? layer => types[layer] == DenseType
            : throw json.Wrong(Types, $"{layers} times {DenseType} or {SparseType}", $"[{string.Join(", ", types)}]");
    }

    /// <summary>
    /// The layers without experts of a Qwen: those that <c>mlp_only_layers</c> lists, and of each <c>decoder_sparse_step</c> all but the
    /// last.
    /// </summary>
    public static Func<int, bool> DenseBySteps(HfJson json, int layers)
    {
        int step = json.TryInt("decoder_sparse_step", ModelLimits.MaxLayers) ?? 1;
        IReadOnlyList<int> listed = json.Ids("mlp_only_layers");
        return Dense(json, layers, layer => listed.Contains(layer) || (layer + 1) % step != 0);
    }
}
