namespace VkInfer.Configuration;

/// <summary>
/// What transformers' configuration class of a model type takes where <c>config.json</c> has no key
/// (src/transformers/models/*/configuration_*.py). A key whose value is null is not an absent key: <see cref="HfJson.Has"/>.
/// </summary>
internal sealed record HfDefaults
{
    /// <summary>Tokens in the vocabulary.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward layer, or of one expert.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of layers.</summary>
    public required int NumLayers { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Number of key heads; null: as many as query heads.</summary>
    public int? NumKvHeads { get; init; }

    /// <summary>The key of the elements of a head.</summary>
    public string HeadDimKey { get; init; } = "head_dim";

    /// <summary>Whether the last layer's heads are the model's, where layers differ.</summary>
    public bool HasHeadsOfLastLayer { get; init; }

    /// <summary>Whether the family honours what single layers have of their own.</summary>
    public bool HasLayerOverrides { get; init; }

    /// <summary>Elements of a head; null: hidden size by heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Longest sequence.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>Positions of the first training where that is a key of its own beside the scaling; null: it is not.</summary>
    public int? OriginalContextLength { get; init; }

    /// <summary>The key of the norms' epsilon.</summary>
    public string EpsilonKey { get; init; } = "rms_norm_eps";

    /// <summary>Epsilon of the norms.</summary>
    public float NormEps { get; init; } = 1e-6f;

    /// <summary>Base of the rotary frequencies.</summary>
    public float RopeTheta { get; init; } = 10000f;

    /// <summary>How frequencies are made where nothing is said of positions; null: as the base says.</summary>
    public string? RopeType { get; init; }

    /// <summary>Share of each head that is rotated.</summary>
    public float RotatedShare { get; init; } = 1f;

    /// <summary>The key of the rotated elements of each head, which comes before their share; null: it has none.</summary>
    public string? RotaryDimKey { get; init; }

    /// <summary>The key of the function in the feed-forward layer.</summary>
    public string ActivationKey { get; init; } = "hidden_act";

    /// <summary>That function.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>Number of experts; 0: the type has none.</summary>
    public int NumExperts { get; init; }

    /// <summary>Experts of a token.</summary>
    public int NumExpertsPerToken { get; init; }

    /// <summary>The key of the experts' width.</summary>
    public string WidthKey { get; init; } = "intermediate_size";

    /// <summary>The key of their number, beside the usual ones; null: it has none.</summary>
    public string? ExpertsKey { get; init; }

    /// <summary>The key of the experts of a token.</summary>
    public string ExpertsPerTokenKey { get; init; } = "num_experts_per_tok";

    /// <summary>Which layers have a window.</summary>
    public HfWindows Windows { get; init; }

    /// <summary>The window where there is no key.</summary>
    public int Window { get; init; }

    /// <summary>Of so many layers one has none; for <see cref="HfWindows.Alternating"/>.</summary>
    public int WindowPeriod { get; init; }

    /// <summary>Whether that number is a key, too.</summary>
    public bool HasWindowPeriodKey { get; init; }

    /// <summary>Whether <c>yarn</c> is an old name of LongRoPE.</summary>
    public bool CallsLongRopeYarn { get; init; }
}

/// <summary>Which layers of a model type have a window.</summary>
internal enum HfWindows
{
    /// <summary>None: the type knows no <c>sliding_window</c>, and a configuration made from another's may still have the key.</summary>
    None,

    /// <summary>All, where there is a window.</summary>
    All,

    /// <summary>All, where <c>use_sliding_window</c> is true.</summary>
    AllIfUsed,

    /// <summary>
    /// Those that <c>layer_types</c> names, else from <c>max_window_layers</c> on, where <c>use_sliding_window</c> is true.
    /// </summary>
    UpperIfUsed,

    /// <summary>Those that <c>layer_types</c> names, else all but every so many-th.</summary>
    Alternating,
}
