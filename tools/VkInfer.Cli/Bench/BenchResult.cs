namespace VkInfer.Cli.Bench;

/// <summary>What one test measured.</summary>
/// <param name="Test">The test.</param>
/// <param name="Seconds">Wall time of each repeat.</param>
/// <param name="GpuMilliseconds">GPU time of one repeat by timestamps; null where the device has none.</param>
/// <param name="IsFinite">Whether every logit that was looked at is a finite number.</param>
/// <param name="IsRepeatable">Whether every repeat chose the same tokens; of several sequences, those that ran step by step.</param>
internal sealed record BenchResult(BenchTest Test, IReadOnlyList<double> Seconds, double? GpuMilliseconds, bool IsFinite, bool IsRepeatable)
{
    /// <summary>Mean over the repeats of tokens per second.</summary>
    public double TokensPerSecond => Rates.Average();

    /// <summary>Standard deviation (of a sample) of tokens per second.</summary>
    public double StandardDeviation
    {
        get
        {
            double mean = TokensPerSecond;
            return Seconds.Count > 1 ? Math.Sqrt(Rates.Sum(rate => (rate - mean) * (rate - mean)) / (Seconds.Count - 1)) : 0;
        }
    }

    /// <summary>Mean wall time of one repeat.</summary>
    public double WallMilliseconds => Seconds.Average() * 1000;

    private IEnumerable<double> Rates => Seconds.Select(seconds => Test.Tokens / seconds);
}
