using VkInfer.Configuration;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Layers of one block with one norm: Mamba-2 (M), attention without positions (*), a feed-forward layer (-) or a mixture of experts (E),
/// the last two without gates.
/// </summary>
internal static class SingleBlocks
{
    /// <summary>The model with these layers.</summary>
    /// <param name="shape">Its sizes.</param>
    /// <param name="pattern">A character for each layer.</param>
    /// <param name="mamba">What M means.</param>
    /// <param name="width">The width of a layer that is -.</param>
    /// <param name="mixture">What E means.</param>
    public static ModelConfig Compose(ModelConfig shape, string pattern, Mamba2Recipe? mamba, Func<int, int> width, MixtureRecipe? mixture)
    {
        LayerRecipe Feed(FeedForwardRecipe? block) => new() { Mixer = null, FeedForward = block, FeedForwardNorm = "attn_norm" };
        return (shape with { RotaryDim = 0, RopeScaling = null }).Compose((layer, i) => pattern[i] switch
        {
            'M' => layer with { Mixer = mamba, FeedForward = null },
            '*' => layer with { Mixer = new AttentionRecipe(), FeedForward = null },
            'E' => Feed(mixture?.WithoutGates()),
            _ => Feed(new DenseRecipe { IsGated = false, Width = width(i) }),
        });
    }

    /// <summary>What a folder says: a string of the characters, or a list of names, which are not the same everywhere.</summary>
    public static string ReadPattern(HfJson json)
    {
        string key = json.Has("layers_block_type") ? "layers_block_type" : "layer_types";
        IEnumerable<char> OfNames() => json.Strings(key).Select(name => name switch
        {
            "mamba" or "linear_attention" => 'M',
            "attention" or "full_attention" => '*',
            "mlp" => '-',
            "moe" => 'E',
            _ => throw json.Wrong(key, "mamba, attention, mlp or moe for each layer", $"\"{name}\""),
        });
        string? said = json.TryString("hybrid_override_pattern");
        string pattern = said ?? (json.Has(key) ? string.Concat(OfNames()) : "ME*-");
        return pattern.Length is > 0 and <= ModelLimits.MaxLayers && pattern.All("M*-E".Contains) ? pattern
            : throw json.Wrong(said is null ? key : "hybrid_override_pattern", "M, *, - or E for each layer", $"\"{pattern}\"");
    }
}
