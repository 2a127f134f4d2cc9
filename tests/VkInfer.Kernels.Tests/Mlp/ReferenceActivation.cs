namespace VkInfer.Kernels.Tests.Mlp;

/// <summary>Activation functions in double precision.</summary>
internal static class ReferenceActivation
{
    /// <summary>f(gate) · up.</summary>
    public static double Gated(ActivationFunction function, double gate, double up)
    {
        if (function != ActivationFunction.ClampedSwiglu)
        {
            return Apply(function, gate) * up;
        }

        double bounded = Math.Min(gate, 7);
        return bounded / (1 + Math.Exp(-1.702 * bounded)) * (Math.Clamp(up, -7, 7) + 1);
    }

    public static double Apply(ActivationFunction function, double x) => function switch
    {
        ActivationFunction.None => x,
        ActivationFunction.Silu => x / (1 + Math.Exp(-x)),
        ActivationFunction.Gelu => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        ActivationFunction.Relu => Math.Max(x, 0),
        ActivationFunction.ReluSquared => Math.Pow(Math.Max(x, 0), 2),
        ActivationFunction.GeluErf => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function"),
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
}
