using System.Globalization;

namespace VkInfer.Configuration;

/// <summary>
/// Where a number of a configuration makes sense: far around what published models have, far within what a binary32 computes with.
/// </summary>
/// <param name="Min">Least value.</param>
/// <param name="Max">Greatest value.</param>
internal readonly record struct NumberRange(float Min, float Max)
{
    /// <summary>Epsilon of a norm; published ones lie between 1e-8 and 1e-5.</summary>
    public static readonly NumberRange Epsilon = new(1e-20f, 1f);

    /// <summary>Base of rotary frequencies, which fall from pair to pair: above 1. The greatest published ones are near 1e11.</summary>
    public static readonly NumberRange RopeTheta = new(1.001f, 1e15f);

    /// <summary>Factor by which positions are compressed.</summary>
    public static readonly NumberRange RopeFactor = new(1e-3f, 1e6f);

    /// <summary>Divisor of one rotary frequency; 1e30 keeps a pair from turning.</summary>
    public static readonly NumberRange FrequencyFactor = new(1e-6f, 1e30f);

    /// <summary>Bounds between pairs, in turns within the original context.</summary>
    public static readonly NumberRange Turns = new(1e-6f, 1e9f);

    /// <summary>Factor of the rotated elements of queries and keys.</summary>
    public static readonly NumberRange AttentionFactor = new(1e-3f, 1e3f);

    /// <summary>Share of YaRN that is applied.</summary>
    public static readonly NumberRange Share = new(0f, 1f);

    /// <summary>Share of a head that is rotated.</summary>
    public static readonly NumberRange RotatedShare = new(1e-6f, 1f);

    /// <summary>Factor of embeddings, residuals, scores or logits.</summary>
    public static readonly NumberRange Factor = new(1e-6f, 1e6f);

    /// <summary>Growth of queries with the logarithm of their position.</summary>
    public static readonly NumberRange Growth = new(0f, 1e3f);

    /// <summary>Bound of scores or logits.</summary>
    public static readonly NumberRange SoftCap = new(1e-3f, 1e6f);

    /// <summary>The width whose root divides the scores.</summary>
    public static readonly NumberRange ScoreWidth = new(1e-3f, 1e6f);

    /// <summary>Weights of YaRN's magnitude (mscale).</summary>
    public static readonly NumberRange Magnitude = new(0f, 1e3f);

    /// <summary>Bound of time steps.</summary>
    public static readonly NumberRange TimeStep = new(0f, float.MaxValue);

    /// <summary>Whether a number lies within; NaN does not.</summary>
    public bool Contains(double number) => number >= Min && number <= Max;

    /// <summary>For messages.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"a number from {Min} to {Max}");
}
