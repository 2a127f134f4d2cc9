namespace VkInfer.Kernels.Tests;

/// <summary>The sampler in double precision, by sorting: no step in common with the shader but the random number generator.</summary>
internal static class ReferenceSampler
{
    /// <summary>The probability of each token after the filters; 0 for those that are out.</summary>
    public static double[] Probabilities(float[] logits, StepState state)
    {
        double max = logits.Where(l => !float.IsNaN(l)).Max();
        double[] weights = [.. logits.Select(l => float.IsNaN(l) ? 0 : Math.Exp((l - max) / state.Temperature))];
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => weights[i])];
        int keep = state.TopK == 0 ? order.Length : (int)Math.Min(state.TopK, order.Length);
        while (keep < order.Length && logits[order[keep]] == logits[order[keep - 1]])
        {
            keep++;
        }

        int[] left = order[..keep];
        if (state.TypicalP < 1)
        {
            double mass = left.Sum(i => weights[i]);
            double entropy = -left.Where(i => weights[i] > 0).Sum(i => weights[i] / mass * Math.Log(weights[i] / mass));
            int[] typical = [.. left.Where(i => weights[i] > 0).OrderBy(i => Math.Abs(-Math.Log(weights[i] / mass) - entropy))];
            int[] stay = Nucleus(typical, weights, state.TypicalP);
            left = [.. left.Where(new HashSet<int>(stay).Contains)];
        }

        if (state.TopP < 1)
        {
            left = Nucleus(left, weights, state.TopP);
        }

        double[] kept = new double[logits.Length];
        foreach (int i in left.Where(i => weights[i] >= state.MinP))
        {
            kept[i] = weights[i];
        }

        double total = kept.Sum();
        return [.. kept.Select(w => w / total)];
    }

    /// <summary>The logits after penalties, biases and mask.</summary>
    /// <param name="logits">What the model says.</param>
    /// <param name="seen">The tokens that penalties count.</param>
    /// <param name="biases">Added to each logit.</param>
    /// <param name="allowed">Whether a token may be chosen.</param>
    /// <param name="state">Which of these take part, and the penalties.</param>
    public static double[] Adjust(float[] logits, int[] seen, float[] biases, Func<int, bool> allowed, StepState state)
    {
        double[] result = new double[logits.Length];
        for (int i = 0; i < logits.Length; i++)
        {
            double logit = logits[i];
            int count = seen.Count(token => token == i);
            if (state.Adjustments.HasFlag(LogitAdjustments.Penalties) && count > 0)
            {
                logit = logit > 0 ? logit / state.RepetitionPenalty : logit * state.RepetitionPenalty;
                logit = logit - (count * (double)state.FrequencyPenalty) - state.PresencePenalty;
            }

            logit += state.Adjustments.HasFlag(LogitAdjustments.Bias) ? biases[i] : 0;
            result[i] = state.Adjustments.HasFlag(LogitAdjustments.Mask) && !allowed(i) ? double.NegativeInfinity : logit;
        }

        return result;
    }

    /// <summary>The natural logarithm of each token's probability under the softmax; −∞ for NaN.</summary>
    public static double[] LogProbabilities(float[] logits)
    {
        double[] finite = [.. logits.Select(l => float.IsNaN(l) ? double.NegativeInfinity : l)];
        double max = finite.Max();
        double normalizer = max + Math.Log(finite.Sum(l => Math.Exp(l - max)));
        return [.. finite.Select(l => l - normalizer)];
    }

    /// <summary>The uniform number in [0, 1) that a state draws.</summary>
    public static double Uniform(StepState state)
    {
        (uint x, uint y, uint key) = (state.StepIndex, state.SeedHi, state.SeedLo);
        for (int round = 0; round < 10; round++)
        {
            ulong product = 0xD256D193UL * x;
            (x, y) = ((uint)(product >> 32) ^ key ^ y, (uint)product);
            key += 0x9E3779B9;
        }

        return x / 4294967296.0;
    }

    /// <summary>The first tokens whose weights sum to a fraction of all.</summary>
    private static int[] Nucleus(int[] order, double[] weights, double fraction)
    {
        double wanted = fraction * order.Sum(i => weights[i]);
        double sum = 0;
        int count = 0;
        while (count < order.Length && sum < wanted)
        {
            sum += weights[order[count++]];
        }

        return order[..Math.Max(count, 1)];
    }
}
