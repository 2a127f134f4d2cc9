namespace VkInfer.Kernels;

/// <summary>The softmax of one layer's attention. Scores and bounds are those after scaling and capping, before exp().</summary>
/// <param name="Scheme">How it is accumulated.</param>
/// <param name="Phi">What <see cref="SoftmaxScheme.Asynchronized"/> subtracts from scores.</param>
/// <param name="Lower">Its scores must lie above this (φ + a): else the row is computed anew, with the synchronized scheme.</param>
/// <param name="Upper">Its scores must lie below this (φ + b).</param>
public readonly record struct AttentionSoftmax(SoftmaxScheme Scheme, float Phi = 0, float Lower = 0, float Upper = 0)
{
    /// <summary>
    /// The farthest that a bound may lie from φ: 64 · ln 2. A weight is then above 2⁻⁶⁴, and a sum of 2²⁴ weights times values of up
    /// to 2¹⁶ (float16) below 2¹⁰⁴: float32 holds both.
    /// </summary>
    public const float MaxDistance = 44.3614f;

    /// <summary>
    /// 15 · ln 2: where weights are float16 (prefill on matrix units), the frame lies so far below the upper bound that they stay below
    /// 2¹⁵.
    /// </summary>
    public const float MaxMatrixDistance = 10.397207f;

    /// <summary>The synchronized scheme.</summary>
    public static AttentionSoftmax Synchronized { get; } = new(SoftmaxScheme.Synchronized);

    /// <summary>The scheme with conditional rescaling.</summary>
    public static AttentionSoftmax ConditionalRescale { get; } = new(SoftmaxScheme.ConditionalRescale);

    /// <summary>The asynchronized scheme.</summary>
    /// <param name="phi">What is subtracted.</param>
    /// <param name="a">Distance of the lower bound, negative.</param>
    /// <param name="b">Distance of the upper bound, positive.</param>
    public static AttentionSoftmax Asynchronized(float phi, float a = -MaxDistance, float b = MaxDistance) =>
        new(SoftmaxScheme.Asynchronized, phi, phi + a, phi + b);

    /// <summary>Checks that nothing can overflow or vanish.</summary>
    /// <exception cref="ArgumentException">Says what is wrong.</exception>
    public void Validate()
    {
        // Half a unit for the rounding of phi + a where phi is large.
        const float Allowed = MaxDistance + 0.5f;
        if (!Enum.IsDefined(Scheme))
        {
            throw new ArgumentException($"attention softmax: unknown scheme {Scheme}");
        }

        if (Scheme == SoftmaxScheme.Asynchronized
            && !(float.IsFinite(Phi) && Lower < Phi && Phi < Upper && Phi - Lower <= Allowed && Upper - Phi <= Allowed))
        {
            throw new ArgumentException(
                $"attention softmax: φ {Phi} with scores from {Lower} to {Upper}; expected bounds on both sides of φ, each at most {MaxDistance} away");
        }
    }
}
