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

        if (state.TopP < 1)
        {
            double wanted = state.TopP * order.Take(keep).Sum(i => weights[i]);
            double sum = 0;
            int count = 0;
            while (count < keep && sum < wanted)
            {
                sum += weights[order[count++]];
            }

            keep = Math.Max(count, 1);
        }

        var kept = new double[logits.Length];
        foreach (int i in order.Take(keep).Where(i => weights[i] >= state.MinP))
        {
            kept[i] = weights[i];
        }

        double total = kept.Sum();
        return [.. kept.Select(w => w / total)];
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
}
