namespace VkInfer.Formats.Blocks;

/// <summary>
/// x ≈ scale · level with the levels of <see cref="NonLinear4"/>: least squares over levels that come from several first guesses. The
/// levels are not symmetric, so both signs of the scale are tried.
/// </summary>
internal static class NonLinearFit
{
    private const int Guesses = 20;

    private static ReadOnlySpan<float> Middles => [-115.5f, -93.5f, -74, -57, -42, -28.5f, -16, -4.5f, 7, 19, 31.5f, 45.5f, 61, 79, 101];

    /// <summary>The best scale found; of either sign.</summary>
    public static float Of(ReadOnlySpan<float> values)
    {
        float largest = 0f;
        foreach (float value in values)
        {
            largest = MathF.Max(largest, MathF.Abs(value));
        }

        // Below this, 1 / guess is no number, and binary16 has no scale.
        if (largest < 1e-30f)
        {
            return 0;
        }

        (float best, double bestGain) = (0f, 0.0);
        for (int i = 0; i < 2 * Guesses; i++)
        {
            // The element that is largest in size goes to a level of 100 to 138, on either side.
            float guess = largest / (100 + (2f * (i / 2))) * (i % 2 == 0 ? 1 : -1);
            float inverse = 1 / guess;
            double ll = 0, lx = 0;
            foreach (float value in values)
            {
                double level = NonLinear4.Levels[Nearest(value * inverse)];
                ll += level * level;
                lx += level * value;
            }

            // Least squares for these levels: the scale is lx / ll, and takes lx² / ll off the sum of squares.
            if (lx * lx / ll > bestGain)
            {
                (best, bestGain) = ((float)(lx / ll), lx * lx / ll);
            }
        }

        return best;
    }

    /// <summary>Writes the levels nearest to the values as nibbles, as <see cref="IQ4_NLBlock"/> has them.</summary>
    public static void WriteNibbles(ReadOnlySpan<float> values, float scale, Span<byte> nibbles)
    {
        int half = values.Length / 2;
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < half; i++)
        {
            nibbles[i] = (byte)(Nearest(values[i] * inverse) | (Nearest(values[i + half] * inverse) << 4));
        }
    }

    /// <summary>The index of the level nearest to a number: a binary search among the middles between levels.</summary>
    private static int Nearest(float x)
    {
        int index = x > Middles[7] ? 8 : 0;
        index += x > Middles[index + 3] ? 4 : 0;
        index += x > Middles[index + 1] ? 2 : 0;
        return index + (x > Middles[index] ? 1 : 0);
    }
}
