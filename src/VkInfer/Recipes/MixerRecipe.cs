using VkInfer.Kernels;

namespace VkInfer.Recipes;

/// <summary>How a layer's rows see earlier positions. Immutable.</summary>
internal abstract record MixerRecipe;

/// <summary>What an RMSNorm of queries and keys takes together.</summary>
internal enum HeadNormKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Each head, with one gain for all query heads and one for all key heads.</summary>
    EachHead,

    /// <summary>All query heads together, and all key heads, with a gain for each element.</summary>
    Projection,

    /// <summary>Each head, but behind its rotation.</summary>
    EachHeadRotated,
}

/// <summary>Attention over cached keys and values; sizes are the model's.</summary>
internal sealed record AttentionRecipe : MixerRecipe
{
    /// <summary>The norm of queries and keys.</summary>
    public HeadNormKind HeadNorm { get; init; }

    /// <summary>Whether queries and keys are rotated; false: the layer knows no positions (NoPE).</summary>
    public bool IsRotated { get; init; } = true;

    /// <summary>Whether each head has a score more, which takes weight and has no value.</summary>
    public bool HasSinks { get; init; }

    /// <summary>How queries grow with their position.</summary>
    public QueryTemperature Temperature { get; init; } = QueryTemperature.None;
}
