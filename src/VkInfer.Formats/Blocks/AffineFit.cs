namespace VkInfer.Formats.Blocks;

/// <summary>
/// x ≈ Scale · q - Minimum with whole q from 0 on and Minimum from 0 on: the least squares over quants that come from several first
/// guesses of the scale, since rounding makes the error have many local minima.
/// </summary>
internal readonly record struct AffineFit(float Scale, float Minimum)
{
    private const int Guesses = 25;
    private const int Rounds = 3;

    /// <summary>The best fit found.</summary>
    public static AffineFit Of(ReadOnlySpan<float> values, int maxQuant)
    {
        (float low, float high) = (0f, values[0]);
        foreach (float value in values)
        {
            low = MathF.Min(low, value);
            high = MathF.Max(high, value);
        }

        if (high <= low)
        {
            return new AffineFit(0, -low);
        }

        Span<byte> quants = stackalloc byte[values.Length];
        var best = new AffineFit((high - low) / maxQuant, -low);
        float bestError = best.Error(values, maxQuant);
        for (int i = 0; i < Guesses; i++)
        {
            // From one step more than the range has to four fewer, which clips the outermost values.
            var fit = new AffineFit((high - low) / (maxQuant + 1 - (5f * i / Guesses)), -low);
            for (int round = 0; round < Rounds; round++)
            {
                fit.Quantize(values, maxQuant, quants);
                fit = LeastSquares(values, quants);
                float error = fit.Error(values, maxQuant);
                if (error < bestError)
                {
                    (best, bestError) = (fit, error);
                }
            }
        }

        return best;
    }

    /// <summary>Rounds values to quants.</summary>
    public void Quantize(ReadOnlySpan<float> values, int maxQuant, Span<byte> quants)
    {
        for (int i = 0; i < values.Length; i++)
        {
            quants[i] = (byte)Round(values[i], maxQuant);
        }
    }

    private float Error(ReadOnlySpan<float> values, int maxQuant)
    {
        float sum = 0f;
        foreach (float value in values)
        {
            float difference = (Scale * Round(value, maxQuant)) - Minimum - value;
            sum += difference * difference;
        }

        return sum;
    }

    private int Round(float value, int maxQuant) =>
        Scale == 0 ? 0 : (int)Math.Clamp(MathF.Round((value + Minimum) / Scale), 0, maxQuant);

    private static AffineFit LeastSquares(ReadOnlySpan<float> values, ReadOnlySpan<byte> quants)
    {
        double n = values.Length, q = 0, qq = 0, x = 0, qx = 0;
        for (int i = 0; i < values.Length; i++)
        {
            q += quants[i];
            qq += quants[i] * quants[i];
            x += values[i];
            qx += (double)quants[i] * values[i];
        }

        double determinant = (n * qq) - (q * q);
        double scale = determinant == 0 ? 0 : ((n * qx) - (q * x)) / determinant;
        double minimum = ((scale * q) - x) / n;
        if (minimum < 0)
        {
            (scale, minimum) = (qq == 0 ? 0 : qx / qq, 0);
        }

        return new AffineFit((float)Math.Max(scale, 0), (float)minimum);
    }
}
