using VkInfer.Kernels;

namespace VkInfer.Proof.Reference;

/// <summary>The parts of a transformer that have no weights, in double precision.</summary>
internal static class ReferenceMath
{
    /// <summary>x / sqrt(mean(x²) + eps) · gain.</summary>
    public static double[] RmsNorm(ReadOnlySpan<double> x, ReadOnlySpan<float> gain, double eps)
    {
        double squares = 0;
        foreach (double value in x)
        {
            squares += value * value;
        }

        double factor = 1 / Math.Sqrt((squares / x.Length) + eps);
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x[i] * factor * gain[i];
        }

        return y;
    }

    /// <summary>(x − mean(x)) / sqrt(var(x) + eps) · gain + shift.</summary>
    public static double[] LayerNorm(double[] x, float[] gain, float[] shift, double eps)
    {
        double mean = x.Average();
        double[] y = RmsNorm([.. x.Select(value => value - mean)], gain, eps);
        Add(y, shift);
        return y;
    }

    /// <summary>y += x.</summary>
    public static void Add(double[] y, IReadOnlyList<double> x)
    {
        for (int i = 0; i < y.Length; i++)
        {
            y[i] += x[i];
        }
    }

    /// <summary>y += x.</summary>
    public static void Add(double[] y, float[] x) => Add(y, [.. x.Select(value => (double)value)]);

    /// <summary>cap · tanh(x / cap); x where the cap is 0.</summary>
    public static double SoftCap(double x, double cap) => cap > 0 ? cap * Math.Tanh(x / cap) : x;

    /// <summary>The function between the halves of a feed-forward layer.</summary>
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

    /// <summary>The middle of a feed-forward layer with a gate.</summary>
    public static double Gated(ActivationFunction function, double gate, double up)
    {
        if (function != ActivationFunction.ClampedSwiglu)
        {
            return Activate(function, gate) * up;
        }

        double bounded = Math.Min(gate, 7);
        return bounded / (1 + Math.Exp(-1.702 * bounded)) * (Math.Clamp(up, -7, 7) + 1);
    }

    /// <summary>e to the values, divided by their sum.</summary>
    public static double[] Softmax(double[] x)
    {
        double greatest = x.Max();
        double[] y = [.. x.Select(value => Math.Exp(value - greatest))];
        double sum = y.Sum();
        return [.. y.Select(value => value / sum)];
    }

    /// <summary>Rotates the leading elements of a head in place (Su et al., "RoFormer").</summary>
    /// <param name="head">The head.</param>
    /// <param name="frequencies">Radians per position, one for each pair.</param>
    /// <param name="position">The token's position.</param>
    /// <param name="magnitude">Factor of the rotated elements.</param>
    /// <param name="pairing">Which elements form a pair.</param>
    public static void Rotate(Span<double> head, double[] frequencies, int position, double magnitude, RopePairing pairing)
    {
        for (int pair = 0; pair < frequencies.Length; pair++)
        {
            (int first, int second) = pairing == RopePairing.Interleaved ? (2 * pair, (2 * pair) + 1) : (pair, pair + frequencies.Length);
            (double sin, double cos) = Math.SinCos(position * frequencies[pair]);
            (double a, double b) = (head[first], head[second]);
            head[first] = magnitude * ((a * cos) - (b * sin));
            head[second] = magnitude * ((a * sin) + (b * cos));
        }
    }
}
