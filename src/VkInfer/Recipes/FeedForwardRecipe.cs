using VkInfer.Kernels;

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

    /// <summary>Elements in its middle; null: the model's <see cref="ModelConfig.IntermediateSize"/>.</summary>
    public int? Width { get; init; }

    /// <summary>What tensors' names have at their end: <c>_shexp</c> of an expert for all tokens.</summary>
    public string Suffix { get; init; } = "";

    /// <inheritdoc/>
    public override (int Up, int Down) Widths(ModelConfig config) =>
        (IsGated ? 2 * WidthIn(config) : WidthIn(config), WidthIn(config));

    /// <summary>Elements in its middle.</summary>
    public int WidthIn(ModelConfig config) => Width ?? config.IntermediateSize;
}

/// <summary>A mixture of experts; how many there are, and how wide, is the model's.</summary>
internal sealed record MixtureRecipe : FeedForwardRecipe
{
    /// <summary>Whether experts have gates.</summary>
    public bool IsGated { get; init; } = true;

    /// <summary>How experts are chosen and weighed.</summary>
    public RouterRule Router { get; init; } = RouterRule.OfChosen;

    /// <summary>Whether the choice has a bias for each expert, which their weights do not have.</summary>
    public bool HasChoiceBias { get; init; }

    /// <summary>Whether the router and the matrices of experts have biases.</summary>
    public bool HasBiases { get; init; }

    /// <summary>An expert for all tokens beside them; null: there is none.</summary>
    public DenseRecipe? Shared { get; init; }

    /// <summary>Whether that expert's output is multiplied by the sigmoid of a product of its own.</summary>
    public bool HasSharedGate { get; init; }

    /// <summary>
    /// Whether router, experts and the expert for all tokens have norms of their own: one before each, and one behind both kinds of
    /// experts, whose sum the layer's norm takes. With an expert for all tokens, in layers with norms before and behind blocks.
    /// </summary>
    public bool HasOwnNorms { get; init; }

    /// <summary>Whether the file has a factor for the weight of each expert.</summary>
    public bool HasExpertScales { get; init; }

    /// <summary>The same mixture of experts without gates.</summary>
    public MixtureRecipe WithoutGates() =>
        this with { IsGated = false, Shared = Shared is { } shared ? shared with { IsGated = false } : null };

    /// <summary>Where the norms of its layer stand.</summary>
    public NormPlacement Placement => HasOwnNorms ? NormPlacement.BeforeAndBehind : NormPlacement.Before;

    /// <inheritdoc/>
    public override (int Up, int Down) Widths(ModelConfig config) => Shared?.Widths(config) ?? default;
}
