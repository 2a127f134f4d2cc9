namespace VkInfer;

/// <summary>How an embedding is made. Immutable; thread-safe.</summary>
public sealed record EmbeddingOptions
{
    /// <summary>
    /// Which hidden states it is made of; null: what the model's files say, else the last token's, or of an encoder the mean.
    /// </summary>
    public EmbeddingPooling? Pooling { get; init; }

    /// <summary>Whether it has length 1, so that a scalar product is the cosine.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>
    /// Leading elements to keep, before its length becomes 1 (Matryoshka representations, Kusupati et al. 2022); null: all, which is
    /// <see cref="Model.EmbeddingSize"/>.
    /// </summary>
    public int? Dimensions { get; init; }

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> naming the first option that is not allowed.</summary>
    /// <param name="embeddingSize">Elements that the model's embeddings have.</param>
    public void Validate(int embeddingSize)
    {
        if (Pooling is { } pooling && !Enum.IsDefined(pooling))
        {
            throw Bad(nameof(Pooling), pooling, "Last, Mean or Cls");
        }

        if (Dimensions is { } dimensions && (dimensions < 1 || dimensions > embeddingSize))
        {
            throw Bad(nameof(Dimensions), dimensions, $"from 1 to the model's {embeddingSize}, or null");
        }
    }

    private static ArgumentOutOfRangeException Bad(string option, object value, string allowed) =>
        new(option, value, $"{option} must be {allowed}.");
}
