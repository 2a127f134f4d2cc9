namespace VkInfer.Recipes;

/// <summary>The block of a layer that sees one position. Immutable.</summary>
internal abstract record FeedForwardRecipe
{
    /// <summary>Elements that products for all tokens leave and take in its middle.</summary>
    /// <param name="config">The model's sizes.</param>
    public abstract (int Up, int Down) Widths(ModelConfig config);
}

/// <summary>One feed-forward layer for all tokens: down(f(gate(x)) · up(x)), or down(f(up(x))) without a gate.</summary>
internal sealed record DenseRecipe : FeedForwardRecipe
{
    /// <summary>Whether there is a gate.</summary>
    public bool IsGated { get; init; } = true;

    /// <inheritdoc/>
    public override (int Up, int Down) Widths(ModelConfig config) =>
        (IsGated ? 2 * config.IntermediateSize : config.IntermediateSize, config.IntermediateSize);
}

/// <summary>A mixture of experts with gates; how many there are is the model's.</summary>
internal sealed record MixtureRecipe : FeedForwardRecipe
{
    /// <inheritdoc/>
    public override (int Up, int Down) Widths(ModelConfig config) => default;
}
