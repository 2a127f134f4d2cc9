using System.Collections.Frozen;
using VkInfer.Kernels;

namespace VkInfer;

/// <summary>
/// How the next token is chosen: penalties and biases change the logits, then come temperature, top-k, typical-p, top-p and min-p,
/// each on what remains. Immutable; thread-safe.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Always the most likely token.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Divides the logits: from 0 (greedy) to 100.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>Keeps the fewest tokens whose probabilities sum to at least this, in (0, 1]; 1 keeps all.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>Keeps tokens at least this fraction as likely as the likeliest, in [0, 1]; 0 keeps all.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>
    /// Keeps the tokens whose information is nearest to the expected one, the fewest whose probabilities sum to at least this, in
    /// (0, 1]; 1 keeps all (locally typical sampling, Meister et al. 2022).
    /// </summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>Makes tokens seen before less likely: divides positive logits, multiplies negative ones; above 0, 1 is off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Taken from a token's logit for each time it was seen before, from -2 to 2; 0 is off.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Taken from a token's logit once if it was seen before, from -2 to 2; 0 is off.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>How many of the session's latest tokens, prompt included, count as seen before; 0: all.</summary>
    public int PenaltyWindow { get; init; }

    /// <summary>Added to the logits of these token ids: a finite number, or negative infinity, which excludes a token.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = FrozenDictionary<int, float>.Empty;

    /// <summary>
    /// With each generated token comes its log-probability and those of this many likeliest ones, 0 to
    /// <see cref="MaxLogProbabilities"/>; null: none of it.
    /// </summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Most alternatives that <see cref="LogProbabilities"/> may ask for.</summary>
    public const int MaxLogProbabilities = LogProbabilitiesKernel.MaxAlternatives;

    /// <summary>Equal seeds give equal tokens on the same device; null takes a new one for each generation.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether the most likely token is taken without drawing.</summary>
    public bool IsGreedy => Temperature == 0;

    internal bool HasPenalties => RepetitionPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0;

    /// <summary>
    /// Throws <see cref="ArgumentOutOfRangeException"/> naming the first option outside its range, and
    /// <see cref="ArgumentNullException"/> naming one that is null.
    /// </summary>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(LogitBias);
        Check(Temperature is >= 0 and <= 100, nameof(Temperature), Temperature, "from 0 (greedy) to 100");
        Check(TopK >= 0, nameof(TopK), TopK, "0 (off) or more");
        Check(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0 and at most 1 (off)");
        Check(MinP is >= 0 and <= 1, nameof(MinP), MinP, "from 0 (off) to 1");
        Check(TypicalP is > 0 and <= 1, nameof(TypicalP), TypicalP, "above 0 and at most 1 (off)");
        Check(RepetitionPenalty is > 0 and <= 100, nameof(RepetitionPenalty), RepetitionPenalty, "above 0 and at most 100, 1 is off");
        Check(FrequencyPenalty is >= -2 and <= 2, nameof(FrequencyPenalty), FrequencyPenalty, "from -2 to 2, 0 is off");
        Check(PresencePenalty is >= -2 and <= 2, nameof(PresencePenalty), PresencePenalty, "from -2 to 2, 0 is off");
        Check(PenaltyWindow >= 0, nameof(PenaltyWindow), PenaltyWindow, "0 (all tokens) or more");
        Check(LogProbabilities is null or (>= 0 and <= MaxLogProbabilities),
            nameof(LogProbabilities), LogProbabilities ?? 0, $"from 0 to {MaxLogProbabilities}, or null");
        foreach ((int token, float bias) in LogitBias)
        {
            Check(token >= 0, nameof(LogitBias), token, "of tokens from 0");
            Check(float.IsFinite(bias) || float.IsNegativeInfinity(bias), nameof(LogitBias), bias, "finite, or negative infinity");
        }
    }

    /// <summary>Throws where a bias is for a token that the vocabulary does not have.</summary>
    internal void CheckVocabulary(int vocabSize)
    {
        foreach (int token in LogitBias.Keys)
        {
            Check(token < vocabSize, nameof(LogitBias), token, $"of tokens from 0 to {vocabSize - 1}");
        }
    }

    private static void Check(bool holds, string name, object value, string allowed)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {allowed}.");
        }
    }
}
