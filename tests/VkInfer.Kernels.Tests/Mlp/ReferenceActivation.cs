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
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown function"),
    };
}
