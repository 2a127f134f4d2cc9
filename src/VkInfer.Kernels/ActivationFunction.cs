namespace VkInfer.Kernels;

/// <summary>The function between the two halves of a feed-forward layer. The values are those of <c>include/activation.glsl</c> and
/// <c>include/gated_activation.glsl</c>.</summary>
public enum ActivationFunction
{
    /// <summary>x.</summary>
    None,

    /// <summary>x / (1 + e⁻ˣ).</summary>
    Silu,

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))): the tanh form of GELU (Hendrycks and Gimpel 2016).</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>
    /// Of layers with a gate only: g σ(1.702 g) (u + 1) with g the gate, at most 7, and u the other half between −7 and 7 (gpt-oss).
    /// Only products of experts compute it at their end.
    /// </summary>
    ClampedSwiglu,

    /// <summary>max(x, 0)² (So et al. 2021, "Primer").</summary>
    ReluSquared,

    /// <summary>0.5 x (1 + erf(x / √2)): GELU as it is defined (Hendrycks and Gimpel 2016).</summary>
    GeluErf,
}
