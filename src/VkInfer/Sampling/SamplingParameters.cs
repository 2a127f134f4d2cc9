namespace VkInfer;

/// <summary>How the next token is chosen, when all layers of <see cref="SamplingOptions"/> have spoken. Immutable; compared by value.</summary>
internal sealed record SamplingParameters
{
    /// <summary>What options and the defaults below them come to.</summary>
    /// <param name="options">Valid ones.</param>
    public SamplingParameters(SamplingOptions options)
    {
        SamplingOptions all = options.Over(SamplingOptions.Default);
        Temperature = all.Temperature!.Value;
        TopK = all.TopK!.Value;
        TopP = all.TopP!.Value;
        MinP = all.MinP!.Value;
        TypicalP = all.TypicalP!.Value;
        RepetitionPenalty = all.RepetitionPenalty!.Value;
        FrequencyPenalty = all.FrequencyPenalty!.Value;
        PresencePenalty = all.PresencePenalty!.Value;
        PenaltyWindow = all.PenaltyWindow!.Value;
        LogitBias = TokenBiases.Of(all.LogitBias!);
        LogProbabilities = all.LogProbabilities;
    }

    public float Temperature { get; }

    public int TopK { get; }

    public float TopP { get; }

    public float MinP { get; }

    public float TypicalP { get; }

    public float RepetitionPenalty { get; }

    public float FrequencyPenalty { get; }

    public float PresencePenalty { get; }

    public int PenaltyWindow { get; }

    public TokenBiases LogitBias { get; init; }

    /// <summary>Alternatives whose log-probabilities are wanted, beside that of the token; null: none of it.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Whether the most likely token is taken without drawing.</summary>
    public bool IsGreedy => Temperature == 0;

    public bool HasPenalties => RepetitionPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0;
}
