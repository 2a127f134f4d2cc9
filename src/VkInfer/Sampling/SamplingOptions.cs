namespace VkInfer;

/// <summary>
/// How the next token is chosen: temperature first, then top-k, top-p and min-p on what remains. Immutable; thread-safe.
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

    /// <summary>Equal seeds give equal tokens on the same device; null takes a new one for each generation.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether the most likely token is taken without drawing.</summary>
    public bool IsGreedy => Temperature == 0;

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> naming the first option outside its range.</summary>
    public void Validate()
    {
        Check(Temperature is >= 0 and <= 100, nameof(Temperature), Temperature, "from 0 (greedy) to 100");
        Check(TopK >= 0, nameof(TopK), TopK, "0 (off) or more");
        Check(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0 and at most 1 (off)");
        Check(MinP is >= 0 and <= 1, nameof(MinP), MinP, "from 0 (off) to 1");
    }

    private static void Check(bool holds, string name, object value, string allowed)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {allowed}.");
        }
    }
}
