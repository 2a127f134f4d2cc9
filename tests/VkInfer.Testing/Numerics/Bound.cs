namespace VkInfer.Testing;

/// <summary>How far a result may be from its reference.</summary>
/// <param name="Nmse">Normalised mean squared error: Σ(actual − expected)² / Σ expected².</param>
/// <param name="MaxAbs">Greatest absolute difference, relative to the greatest absolute expected value (at least 1).</param>
public readonly record struct Bound(double Nmse, double MaxAbs);
