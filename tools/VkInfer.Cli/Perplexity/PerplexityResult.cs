namespace VkInfer.Cli.Perplexity;

/// <summary>Sums of the negative log-likelihood of scored tokens, in nats.</summary>
/// <param name="Tokens">Tokens scored.</param>
/// <param name="Sum">Sum of their negative log-likelihoods.</param>
/// <param name="SumOfSquares">Sum of the squares of these.</param>
/// <param name="Windows">Windows evaluated.</param>
internal readonly record struct PerplexityResult(int Tokens, double Sum, double SumOfSquares, int Windows)
{
    /// <summary>Mean negative log-likelihood per token.</summary>
    public double Mean => Sum / Tokens;

    /// <summary>exp(mean).</summary>
    public double Perplexity => Math.Exp(Mean);

    /// <summary>Standard error of the perplexity: that of the mean, times the perplexity (first order).</summary>
    public double StandardError =>
        Tokens > 1 ? Perplexity * Math.Sqrt(Math.Max(0, (SumOfSquares / Tokens) - (Mean * Mean)) / (Tokens - 1)) : 0;

    /// <summary>These tokens and one more.</summary>
    public PerplexityResult Add(double negativeLogLikelihood) => this with
    {
        Tokens = Tokens + 1,
        Sum = Sum + negativeLogLikelihood,
        SumOfSquares = SumOfSquares + (negativeLogLikelihood * negativeLogLikelihood),
    };
}
