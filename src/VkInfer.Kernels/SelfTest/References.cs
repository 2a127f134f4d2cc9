namespace VkInfer.Kernels;

/// <summary>What the kernels compute, on the CPU in double precision and as plainly as can be.</summary>
internal static class References
{
    /// <summary>C [m, rows] = A [m, columns] Wᵀ.</summary>
    public static double[] Multiply(float[] weights, double[] a, int rows, int columns)
    {
        int m = a.Length / columns;
        double[] result = new double[m * rows];
        for (int i = 0; i < m; i++)
        {
            for (int row = 0; row < rows; row++)
            {
                double sum = 0;
                for (int k = 0; k < columns; k++)
                {
                    sum += a[(i * columns) + k] * weights[(row * columns) + k];
                }

                result[(i * rows) + row] = sum;
            }
        }

        return result;
    }

    /// <summary>RMSNorm of rows (Zhang and Sennrich 2019), and with a shift LayerNorm (Ba et al. 2016).</summary>
    public static double[] Norm(float[] x, float[] gain, float[]? shift, double epsilon)
    {
        int width = gain.Length;
        double[] result = new double[x.Length];
        for (int row = 0; row < x.Length; row += width)
        {
            double mean = shift is null ? 0 : x.AsSpan(row, width).ToArray().Average(value => (double)value);
            double squares = 0;
            for (int i = 0; i < width; i++)
            {
                squares += (x[row + i] - mean) * (x[row + i] - mean);
            }

            for (int i = 0; i < width; i++)
            {
                result[row + i] = ((x[row + i] - mean) * gain[i] / Math.Sqrt((squares / width) + epsilon)) + (shift?[i] ?? 0);
            }
        }

        return result;
    }

    /// <summary>The functions of <see cref="ActivationFunction"/>; GELU by tanh (Hendrycks and Gimpel 2016).</summary>
    public static double Activate(ActivationFunction function, double x) => function switch
    {
        ActivationFunction.Silu => x / (1 + Math.Exp(-x)),
        ActivationFunction.Gelu => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        ActivationFunction.Relu => Math.Max(x, 0),
        ActivationFunction.ReluSquared => Math.Pow(Math.Max(x, 0), 2),
        ActivationFunction.GeluErf => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        _ => x,
    };

    /// <summary>The error function, by the series whose terms are all of one sign (Abramowitz and Stegun, 7.1.6).</summary>
    private static double Erf(double x)
    {
        (double term, double sum) = (x, x);
        for (int n = 1; Math.Abs(x) <= 6 && Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return Math.Abs(x) > 6 ? Math.Sign(x) : 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    /// <summary>A head with each pair of its first elements rotated by its angle (RoPE, Su et al. 2021).</summary>
    public static void Rotate(Span<double> head, AttentionShape shape, ReadOnlySpan<float> cosSin)
    {
        for (int pair = 0; pair < shape.RotaryDim / 2; pair++)
        {
            int first = shape.Pairing == RopePairing.Interleaved ? 2 * pair : pair;
            int second = shape.Pairing == RopePairing.Interleaved ? first + 1 : first + (shape.RotaryDim / 2);
            (float cos, float sin) = (cosSin[2 * pair], cosSin[(2 * pair) + 1]);
            (head[first], head[second]) = ((head[first] * cos) - (head[second] * sin), (head[first] * sin) + (head[second] * cos));
        }
    }

    /// <summary>
    /// softmax(scale · q Kᵀ) V of the heads of one query over the first tokens of a cache; sinks are a score more of each head, without a
    /// value.
    /// </summary>
    public static double[] Attend(
        AttentionShape shape, ReadOnlySpan<float> query, float[] keys, float[] values, int tokens, float[]? sinks = null)
    {
        double[] result = new double[shape.QueryWidth];
        int first = shape.Window == 0 ? 0 : Math.Max(0, tokens - shape.Window);
        double[] scores = new double[tokens];
        for (int head = 0; head < shape.NumHeads; head++)
        {
            int cache = head / shape.GroupSize * shape.Capacity * shape.HeadDim;
            for (int t = first; t < tokens; t++)
            {
                double score = 0;
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    score += (double)query[(head * shape.HeadDim) + d] * keys[cache + (t * shape.HeadDim) + d];
                }

                score *= shape.Scale;
                scores[t] = shape.LogitSoftCap == 0 ? score : shape.LogitSoftCap * Math.Tanh(score / shape.LogitSoftCap);
            }

            double sum = scores.Skip(first).Sum(Math.Exp) + (sinks is null ? 0 : Math.Exp(sinks[head]));
            for (int t = first; t < tokens; t++)
            {
                for (int d = 0; d < shape.HeadDim; d++)
                {
                    result[(head * shape.HeadDim) + d] += Math.Exp(scores[t]) / sum * values[cache + (t * shape.HeadDim) + d];
                }
            }
        }

        return result;
    }
}
