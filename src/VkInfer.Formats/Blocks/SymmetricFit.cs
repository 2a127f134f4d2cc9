namespace VkInfer.Formats.Blocks;

/// <summary>x ≈ scale · q with whole q from -limit to limit - 1: least squares over quants that come from several first guesses.</summary>
internal static class SymmetricFit
{
    private const int Guesses = 20;

    /// <summary>The scale of each of as many equal parts as there are places for one.</summary>
    public static void OfParts(ReadOnlySpan<float> values, int limit, Span<float> scales)
    {
        int size = values.Length / scales.Length;
        for (int i = 0; i < scales.Length; i++)
        {
            scales[i] = Of(values.Slice(i * size, size), limit);
        }
    }

    /// <summary>The best scale found; of either sign.</summary>
    public static float Of(ReadOnlySpan<float> values, int limit)
    {
        float largest = 0f;
        foreach (float value in values)
        {
            largest = MathF.Abs(value) > MathF.Abs(largest) ? value : largest;
        }

        if (largest == 0)
        {
            return 0;
        }

        // The element that is largest in size goes to -limit or thereabouts: the range has one more step there.
        float best = largest / -limit;
        float bestError = Error(values, best, limit);
        for (int i = 0; i < Guesses; i++)
        {
            float guess = largest / -(limit + 1 - (2f * i / Guesses));
            double qq = 0, qx = 0;
            foreach (float value in values)
            {
                double quant = Round(value, guess, limit);
                qq += quant * quant;
                qx += quant * value;
            }

            float fit = qq == 0 ? 0 : (float)(qx / qq);
            float error = Error(values, fit, limit);
            if (error < bestError)
            {
                (best, bestError) = (fit, error);
            }
        }

        return best;
    }

    /// <summary>The quant nearest to a value.</summary>
    public static int Round(float value, float scale, int limit) =>
        scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / scale), -limit, limit - 1);

    private static float Error(ReadOnlySpan<float> values, float scale, int limit)
    {
        float sum = 0f;
        foreach (float value in values)
        {
            float difference = (scale * Round(value, scale, limit)) - value;
            sum += difference * difference;
        }

        return sum;
    }
}
