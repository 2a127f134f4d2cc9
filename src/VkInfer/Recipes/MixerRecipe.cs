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
}

/// <summary>Attention over cached keys and values; sizes are the model's.</summary>
internal sealed record AttentionRecipe : MixerRecipe
{
    /// <summary>The norm of queries and keys.</summary>
    public HeadNormKind HeadNorm { get; init; }
}
