using VkInfer.Kernels;

namespace VkInfer;

/// <summary>
/// How the next token is chosen: penalties and biases change the logits, then come temperature, top-k, typical-p, top-p and min-p,
/// each on what remains. What is null is not set, and left to the layer below: a call's options lie over its session's
/// (<see cref="SessionOptions.Sampling"/>), those over the model's (<see cref="Model.RecommendedSampling"/>), and those over
/// <see cref="Default"/>. Immutable; compared by value; thread-safe.
/// </summary>
public sealed record SamplingOptions
{
    private readonly TokenBiases? _logitBias;

    /// <summary>The lowest layer: every option that has a default.</summary>
    public static SamplingOptions Default { get; } = new()
    {
        Temperature = 0.8f,
        TopK = 40,
        TopP = 0.95f,
        MinP = 0.05f,
        TypicalP = 1,
        RepetitionPenalty = 1,
        FrequencyPenalty = 0,
        PresencePenalty = 0,
        PenaltyWindow = 0,
        LogitBias = TokenBiases.None,
    };

    /// <summary>Always the most likely token, whatever the layers below say of penalties and biases.</summary>
    public static SamplingOptions Greedy { get; } = new()
    {
        Temperature = 0,
        RepetitionPenalty = 1,
        FrequencyPenalty = 0,
        PresencePenalty = 0,
        LogitBias = TokenBiases.None,
    };

    /// <summary>Divides the logits: from 0 (always the most likely token) to 100.</summary>
    public float? Temperature { get; init; }

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    public int? TopK { get; init; }

    /// <summary>Keeps the fewest tokens whose probabilities sum to at least this, in (0, 1]; 1 keeps all.</summary>
    public float? TopP { get; init; }

    /// <summary>Keeps tokens at least this fraction as likely as the likeliest, in [0, 1]; 0 keeps all.</summary>
    public float? MinP { get; init; }

    /// <summary>
    /// Keeps the tokens whose information is nearest to the expected one, the fewest whose probabilities sum to at least this, in
    /// (0, 1]; 1 keeps all (locally typical sampling, Meister et al. 2022).
    /// </summary>
    public float? TypicalP { get; init; }

    /// <summary>Makes tokens seen before less likely: divides positive logits, multiplies negative ones; above 0, 1 is off.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Taken from a token's logit for each time it was seen before, from -2 to 2; 0 is off.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>Taken from a token's logit once if it was seen before, from -2 to 2; 0 is off.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>How many of the session's latest tokens, prompt included, count as seen before; 0: all.</summary>
    public int? PenaltyWindow { get; init; }

    /// <summary>
    /// Added to the logits of these token ids: a finite number, or negative infinity, which excludes a token. Copied; an empty one sets
    /// that there is none.
    /// </summary>
    public IReadOnlyDictionary<int, float>? LogitBias
    {
        get => _logitBias;
        init => _logitBias = value is null ? null : TokenBiases.Of(value);
    }

    /// <summary>
    /// With each generated token comes its log-probability and those of this many likeliest ones, 0 to
    /// <see cref="MaxLogProbabilities"/>; where no layer sets it, none of it.
    /// </summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Most alternatives that <see cref="LogProbabilities"/> may ask for.</summary>
    public const int MaxLogProbabilities = LogProbabilitiesKernel.MaxAlternatives;

    /// <summary>Equal seeds give equal tokens on the same device; where no layer sets one, each generation has a new one.</summary>
    public ulong? Seed { get; init; }

    /// <summary>These options where they are set, and others where they are not.</summary>
    /// <param name="defaults">The layer below.</param>
    public SamplingOptions Over(SamplingOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        return this with
        {
            Temperature = Temperature ?? defaults.Temperature,
            TopK = TopK ?? defaults.TopK,
            TopP = TopP ?? defaults.TopP,
            MinP = MinP ?? defaults.MinP,
            TypicalP = TypicalP ?? defaults.TypicalP,
            RepetitionPenalty = RepetitionPenalty ?? defaults.RepetitionPenalty,
            FrequencyPenalty = FrequencyPenalty ?? defaults.FrequencyPenalty,
            PresencePenalty = PresencePenalty ?? defaults.PresencePenalty,
            PenaltyWindow = PenaltyWindow ?? defaults.PenaltyWindow,
            LogitBias = LogitBias ?? defaults.LogitBias,
            LogProbabilities = LogProbabilities ?? defaults.LogProbabilities,
            Seed = Seed ?? defaults.Seed,
        };
    }

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> naming the first option that is set and outside its range.</summary>
    public void Validate()
    {
        Check(Temperature is null or (>= 0 and <= 100), nameof(Temperature), Temperature, "from 0 (greedy) to 100");
        Check(TopK is null or >= 0, nameof(TopK), TopK, "0 (off) or more");
        Check(TopP is null or (> 0 and <= 1), nameof(TopP), TopP, "above 0 and at most 1 (off)");
        Check(MinP is null or (>= 0 and <= 1), nameof(MinP), MinP, "from 0 (off) to 1");
        Check(TypicalP is null or (> 0 and <= 1), nameof(TypicalP), TypicalP, "above 0 and at most 1 (off)");
        Check(
            RepetitionPenalty is null or (> 0 and <= 100), nameof(RepetitionPenalty), RepetitionPenalty,
            "above 0 and at most 100, 1 is off");
        Check(FrequencyPenalty is null or (>= -2 and <= 2), nameof(FrequencyPenalty), FrequencyPenalty, "from -2 to 2, 0 is off");
        Check(PresencePenalty is null or (>= -2 and <= 2), nameof(PresencePenalty), PresencePenalty, "from -2 to 2, 0 is off");
        Check(PenaltyWindow is null or >= 0, nameof(PenaltyWindow), PenaltyWindow, "0 (all tokens) or more");
        Check(
            LogProbabilities is null or (>= 0 and <= MaxLogProbabilities), nameof(LogProbabilities), LogProbabilities,
            $"from 0 to {MaxLogProbabilities}");
        foreach ((int token, float bias) in _logitBias ?? TokenBiases.None)
        {
            Check(token >= 0, nameof(LogitBias), token, "of tokens from 0");
            Check(float.IsFinite(bias) || float.IsNegativeInfinity(bias), nameof(LogitBias), bias, "finite, or negative infinity");
        }
    }

    /// <summary>Throws where a bias is for a token that the vocabulary does not have.</summary>
    internal void CheckVocabulary(int vocabSize)
    {
        foreach ((int token, _) in _logitBias ?? TokenBiases.None)
        {
            Check(token < vocabSize, nameof(LogitBias), token, $"of tokens from 0 to {vocabSize - 1}");
        }
    }

    private static void Check(bool holds, string name, object? value, string allowed)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {allowed}.");
        }
    }
}
