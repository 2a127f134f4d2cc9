namespace VkInfer.Cli.Fidelity;

/// <summary>How far the logits of two runs over one text lie apart, position by position. Not thread-safe.</summary>
internal sealed class FidelityResult
{
    private readonly List<double> _divergences = [];
    private double _sum;
    private double _referenceSum;
    private int _equal;

    /// <summary>Positions compared.</summary>
    public int Tokens => _divergences.Count;

    /// <summary>exp of the mean negative log-likelihood.</summary>
    public double Perplexity => Math.Exp(_sum / Tokens);

    /// <summary>The same of the reference.</summary>
    public double ReferencePerplexity => Math.Exp(_referenceSum / Tokens);

    /// <summary>Share of positions at which both would take the same greedy token.</summary>
    public double EqualGreedyShare => (double)_equal / Tokens;

    /// <summary>Mean of the KL divergence of the reference's distribution from the other, in nats.</summary>
    public double KlMean => _divergences.Average();

    /// <summary>Its 99th percentile.</summary>
    public double Kl99 => _divergences.Order().ElementAt((int)Math.Ceiling(0.99 * Tokens) - 1);

    /// <summary>The largest difference of two logits.</summary>
    public double LargestLogitDifference { get; private set; }

    /// <summary>Adds a position.</summary>
    /// <param name="logits">Logits of the run.</param>
    /// <param name="reference">Logits of the reference.</param>
    /// <param name="next">The token that follows in the text.</param>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<float> reference, int next)
    {
        double norm = LogSumExp(logits);
        double referenceNorm = LogSumExp(reference);
        double divergence = 0;
        int best = 0;
        int referenceBest = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            double p = reference[i] - referenceNorm;
            divergence += Math.Exp(p) * (p - (logits[i] - norm));
            double difference = Math.Abs((double)logits[i] - reference[i]);
            LargestLogitDifference = difference > LargestLogitDifference || double.IsNaN(difference) ? difference : LargestLogitDifference;
            best = logits[i] > logits[best] ? i : best;
            referenceBest = reference[i] > reference[referenceBest] ? i : referenceBest;
        }

        _divergences.Add(Math.Max(divergence, 0)); // Rounding may take it just below zero.
        _sum += norm - logits[next];
        _referenceSum += referenceNorm - reference[next];
        _equal += best == referenceBest ? 1 : 0;
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in logits)
        {
            max = Math.Max(max, logit);
        }

        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        return max + Math.Log(sum);
    }
}
