namespace VkInfer.Formats.Blocks;

/// <summary>
/// x ≈ scale · level with the levels of <see cref="NonLinear4"/>: least squares over levels that come from several first guesses. The levels
/// are not symmetric, so both signs of the scale are tried.
/// </summary>
internal static class NonLinearFit
{
    private const int Guesses = 20;

    /// <summary>The best scale found; of either sign.</summary>
    public static float Of(ReadOnlySpan<float> values)
    {
        var largest = 0f;
        foreach (var value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        var (best, bestError) = (0f, float.PositiveInfinity);
        for (var i = 0; i < 2 * Guesses; i++)
        {
            // The element that is largest in size goes to a level of 100 to 138, on either side.
            var guess = largest / (100 + (2f * (i / 2))) * (i % 2 == 0 ? 1 : -1);
            double ll = 0, lx = 0;
            foreach (var value in values)
            {
                double level = NonLinear4.Levels[Nearest(value, guess)];
                ll += level * level;
                lx += level * value;
            }

            var fit = (float)(lx / ll);
            var error = Error(values, fit);
            if (error < bestError)
            {
                (best, bestError) = (fit, error);
            }
        }

        return best;
    }

    /// <summary>Writes the levels nearest to the values as nibbles, as <see cref="IQ4_NLBlock"/> has them.</summary>
    public static void WriteNibbles(ReadOnlySpan<float> values, float scale, Span<byte> nibbles)
    {
        var half = values.Length / 2;
        for (var i = 0; i < half; i++)
        {
            nibbles[i] = (byte)(Nearest(values[i], scale) | (Nearest(values[i + half], scale) << 4));
        }
    }

    /// <summary>The index of the level nearest to a value.</summary>
    private static int Nearest(float value, float scale)
    {
        var target = scale == 0 ? 0 : value / scale;
        var best = 0;
        for (var i = 1; i < NonLinear4.Levels.Length; i++)
        {
            best = MathF.Abs(NonLinear4.Levels[i] - target) < MathF.Abs(NonLinear4.Levels[best] - target) ? i : best;
        }

        return best;
    }

    private static float Error(ReadOnlySpan<float> values, float scale)
    {
        var sum = 0f;
        foreach (var value in values)
        {
            var difference = (scale * NonLinear4.Levels[Nearest(value, scale)]) - value;
            sum += difference * difference;
        }

        return sum;
    }
}
