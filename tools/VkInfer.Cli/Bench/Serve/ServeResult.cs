namespace VkInfer.Cli.Bench.Serve;

/// <summary>Of many times those that half, nine tenths and all but a hundredth stay below.</summary>
/// <param name="P50">The median.</param>
/// <param name="P90">The 90th percentile.</param>
/// <param name="P99">The 99th percentile.</param>
internal sealed record Percentiles(double P50, double P90, double P99)
{
    /// <summary>Those of some values, by the nearest rank; zero where there are none.</summary>
    public static Percentiles Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double At(double share) => sorted.Length == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
        return new Percentiles(At(0.5), At(0.9), At(0.99));
    }
}

/// <summary>How an engine served a crowd.</summary>
/// <param name="Concurrency">Requests at a time; null: they arrived at a rate.</param>
/// <param name="RequestRate">Requests a second that arrived; null: so many at a time.</param>
/// <param name="Requests">Requests.</param>
/// <param name="OutputTokensPerSecond">Tokens generated a second, from the first request to the last token.</param>
/// <param name="RequestsPerSecond">Requests that ended a second.</param>
/// <param name="TimeToFirstTokenMs">From a request to its first token.</param>
/// <param name="TimeBetweenTokensMs">From a token to the next.</param>
/// <param name="CachedTokens">Tokens of prompts that were known from other requests.</param>
/// <param name="Preemptions">How often a sequence gave its pages to others.</param>
/// <param name="KvPagesPeak">Most pages held at a time.</param>
internal sealed record ServeResult(
    int? Concurrency, double? RequestRate, int Requests, double OutputTokensPerSecond, double RequestsPerSecond,
    Percentiles TimeToFirstTokenMs, Percentiles TimeBetweenTokensMs, long CachedTokens, int Preemptions, int KvPagesPeak);
