namespace VkInfer;

/// <summary>
/// How the frequencies of the rotary embedding are changed for sequences longer than those of the first training. Immutable.
/// </summary>
public abstract record RopeScaling
{
    /// <summary>Factor of the rotated elements of queries and keys.</summary>
    internal virtual double Magnitude => 1;

    /// <summary>Whether GGUF keeps it in tensors.</summary>
    internal virtual bool HasTensors => false;

    /// <summary>Changes the frequencies, which are θ^(−2·pair/RotaryDim).</summary>
    /// <param name="frequencies">One per pair, in radians per position.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="contextLength">Positions that a session can hold.</param>
    internal abstract void Apply(Span<double> frequencies, double theta, int contextLength);
}

/// <summary>
/// Positions are compressed (Chen et al., "Extending context window of large language models via positional interpolation").
/// </summary>
/// <param name="Factor">By how much, above 0.</param>
/// <param name="AttentionFactor">Factor of the rotated elements, which GGUF can set with any scaling.</param>
public sealed record LinearRopeScaling(float Factor, float AttentionFactor = 1) : RopeScaling
{
    internal override double Magnitude => AttentionFactor;

    internal override void Apply(Span<double> frequencies, double theta, int contextLength)
    {
        foreach (ref double frequency in frequencies)
        {
            frequency /= Factor;
        }
    }
}

/// <summary>Each frequency has a divisor of its own, as GGUF stores Llama 3's scaling.</summary>
/// <param name="Factors">One per pair, above 0.</param>
public sealed record RopeFrequencyFactors(IReadOnlyList<float> Factors) : RopeScaling
{
    internal override bool HasTensors => true;

    internal override void Apply(Span<double> frequencies, double theta, int contextLength)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] /= Factors[i];
        }
    }
}

/// <summary>Llama 3's: long wavelengths are stretched, short ones left alone, those between interpolated.</summary>
/// <param name="Factor">By how much.</param>
/// <param name="LowFrequencyFactor">Wavelengths above OriginalContextLength divided by this are stretched.</param>
/// <param name="HighFrequencyFactor">Wavelengths below OriginalContextLength divided by this are left alone.</param>
/// <param name="OriginalContextLength">Positions of the first training.</param>
public sealed record Llama3RopeScaling(float Factor, float LowFrequencyFactor, float HighFrequencyFactor, int OriginalContextLength)
    : RopeScaling
{
    internal override void Apply(Span<double> frequencies, double theta, int contextLength)
    {
        foreach (ref double frequency in frequencies)
        {
            double turns = OriginalContextLength * frequency / (2 * Math.PI);
            double kept = Math.Clamp((turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
            frequency *= kept + ((1 - kept) / Factor);
        }
    }
}

/// <summary>YaRN (Peng et al. 2023): as linear for pairs that turn seldom, not at all for those that turn often, a ramp between.</summary>
/// <param name="Factor">By how much positions are compressed.</param>
/// <param name="OriginalContextLength">Positions of the first training.</param>
/// <param name="BetaFast">Turns within the original context from which a pair is left alone.</param>
/// <param name="BetaSlow">Turns up to which a pair is compressed.</param>
/// <param name="AttentionFactor">Factor of the rotated elements; null: 0.1 ln(Factor) + 1.</param>
public sealed record YarnRopeScaling(
    float Factor, int OriginalContextLength, float BetaFast = 32, float BetaSlow = 1, float? AttentionFactor = null) : RopeScaling
{
    /// <summary>How much of it is applied, from 0 to 1: what is missing is compressed as by linear scaling.</summary>
    public float Share { get; init; } = 1;

    /// <summary>Whether the first and last pair of the ramp are rounded outwards to whole pairs.</summary>
    public bool Truncate { get; init; } = true;

    internal override double Magnitude => AttentionFactor ?? DefaultMagnitude(Factor);

    /// <summary>0.1 weight ln(factor) + 1, and 1 where nothing is compressed.</summary>
    internal static double DefaultMagnitude(double factor, double weight = 1) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;

    internal override void Apply(Span<double> frequencies, double theta, int contextLength)
    {
        int rotaryDim = 2 * frequencies.Length;
        (double low, double high) = (PairOf(BetaFast), PairOf(BetaSlow));
        low = Math.Max(Truncate ? Math.Floor(low) : low, 0);
        high = Math.Min(Truncate ? Math.Ceiling(high) : high, rotaryDim - 1);
        for (int pair = 0; pair < frequencies.Length; pair++)
        {
            double compressed = Math.Clamp((pair - low) / Math.Max(high - low, 0.001), 0, 1);
            double kept = (1 - compressed) * Share;
            frequencies[pair] *= kept + ((1 - kept) / Factor);
        }

        double PairOf(double turns) => rotaryDim * Math.Log(OriginalContextLength / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
    }
}

/// <summary>LongRoPE (Ding et al. 2024): divisors for contexts up to the original length, and others for longer ones.</summary>
/// <param name="ShortFactors">One per pair.</param>
/// <param name="LongFactors">One per pair.</param>
/// <param name="OriginalContextLength">Positions of the first training.</param>
/// <param name="AttentionFactor">Factor of the rotated elements.</param>
public sealed record LongRopeScaling(
    IReadOnlyList<float> ShortFactors, IReadOnlyList<float> LongFactors, int OriginalContextLength, float AttentionFactor) : RopeScaling
{
    internal override double Magnitude => AttentionFactor;

    internal override bool HasTensors => true;

    /// <summary>sqrt(1 + ln(factor) / ln(original context)), and 1 where the context is not extended.</summary>
    internal static float DefaultMagnitude(double factor, int originalContextLength) => factor <= 1 || originalContextLength <= 1
        ? 1f
        : (float)Math.Sqrt(1 + (Math.Log(factor) / Math.Log(originalContextLength)));

    internal override void Apply(Span<double> frequencies, double theta, int contextLength)
    {
        IReadOnlyList<float> factors = contextLength > OriginalContextLength ? LongFactors : ShortFactors;
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] /= factors[i];
        }
    }
}

/// <summary>Several at once, as llama.cpp applies them: divisors of single frequencies, and what holds for all.</summary>
/// <param name="Parts">At least one.</param>
public sealed record CombinedRopeScaling(IReadOnlyList<RopeScaling> Parts) : RopeScaling
{
    internal override double Magnitude => Parts.Aggregate(1.0, (product, part) => product * part.Magnitude);

    internal override bool HasTensors => Parts.Any(part => part.HasTensors);

    internal override void Apply(Span<double> frequencies, double theta, int contextLength)
    {
        foreach (RopeScaling part in Parts)
        {
            part.Apply(frequencies, theta, contextLength);
        }
    }
}
