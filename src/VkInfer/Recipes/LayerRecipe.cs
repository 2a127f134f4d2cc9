namespace VkInfer.Recipes;

/// <summary>Where the norms of a layer's blocks stand.</summary>
internal enum NormPlacement
{
    /// <summary>h += block(norm(h)).</summary>
    Before,

    /// <summary>h += norm(block(h)).</summary>
    Behind,

    /// <summary>h += norm(block(norm(h))).</summary>
    BeforeAndBehind,

    /// <summary>h = norm(h + block(h)): post-norm layers (Vaswani et al. 2017), as BERT's.</summary>
    BehindSum,
}

/// <summary>
/// What a layer is composed of: a mixer, which sees other positions, and a feed-forward layer, or one of the two alone. Families change
/// the defaults, which are Llama's. Immutable.
/// </summary>
internal sealed record LayerRecipe
{
    /// <summary>The block that sees other positions; null: the layer has none.</summary>
    public MixerRecipe? Mixer { get; init; } = new AttentionRecipe();

    /// <summary>A mixer beside that, which takes the same input; their outputs are added. Null: there is none.</summary>
    public MixerRecipe? SecondMixer { get; init; }

    /// <summary>The block that sees one position; null: the layer has none.</summary>
    public FeedForwardRecipe? FeedForward { get; init; } = new DenseRecipe();

    /// <summary>Where norms stand.</summary>
    public NormPlacement Norms { get; init; }

    /// <summary>Whether the mixer's input is normalised, where inputs of blocks are.</summary>
    public bool HasMixerNorm { get; init; } = true;

    /// <summary>Whether both blocks take the same normalised input, h += mixer(norm(h)) + feedForward(norm(h)), with one norm.</summary>
    public bool IsParallel { get; init; }

    /// <summary>What files call the norm before the feed-forward layer.</summary>
    public string FeedForwardNorm { get; init; } = "ffn_norm";

    /// <summary>Whether the residual stream is multiplied by a number of the file behind the layer; with norms behind blocks.</summary>
    public bool HasOutputScale { get; init; }

    /// <summary>The mixers that there are.</summary>
    public IEnumerable<MixerRecipe> Mixers => new[] { Mixer, SecondMixer }.OfType<MixerRecipe>();

    /// <summary>Whether inputs of blocks are normalised.</summary>
    public bool HasNormsBefore => Norms is NormPlacement.Before or NormPlacement.BeforeAndBehind;

    /// <summary>Whether outputs of blocks are normalised.</summary>
    public bool HasNormsBehind => Norms is NormPlacement.Behind or NormPlacement.BeforeAndBehind;

    /// <summary>Whether the residual stream is normalised behind each block.</summary>
    public bool HasNormsOfSums => Norms == NormPlacement.BehindSum;

    /// <summary>The recipe where the mixer is attention, changed.</summary>
    public LayerRecipe WithAttention(Func<AttentionRecipe, AttentionRecipe> change) =>
        Mixer is AttentionRecipe attention ? this with { Mixer = change(attention) } : this;
}
