using NUnit.Framework;

namespace VkInfer.Testing;

/// <summary>Compares results with double-precision references. A NaN or an infinity on either side fails.</summary>
public static class Comparison
{
    /// <summary>Fails unless every bound holds; the message has the figures and the worst element.</summary>
    public static void AssertClose(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected, Bound bound, string what = "result")
    {
        Assert.That(actual.Length, Is.EqualTo(expected.Length), $"{what}: number of elements");
        Metrics metrics = Measure(actual, expected);
        if (metrics.FirstNotFinite >= 0)
        {
            Assert.Fail(
                $"{what}[{metrics.FirstNotFinite}] is {actual[metrics.FirstNotFinite]}, expected {expected[metrics.FirstNotFinite]}.");
        }

        if (metrics.Nmse > bound.Nmse || metrics.MaxAbs > bound.MaxAbs)
        {
            Assert.Fail(
                $"{what}: NMSE {metrics.Nmse:e2} (bound {bound.Nmse:e2}), greatest relative difference {metrics.MaxAbs:e2} "
                + $"(bound {bound.MaxAbs:e2}) at [{metrics.Worst}]: {actual[metrics.Worst]} instead of {expected[metrics.Worst]}.");
        }
    }

    /// <summary>The metrics of <see cref="Bound"/>, and where the worst element is.</summary>
    public static Metrics Measure(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        double error = 0, norm = 0, greatest = 1, worst = -1;
        int worstIndex = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!float.IsFinite(actual[i]) || !double.IsFinite(expected[i]))
            {
                return new Metrics(double.PositiveInfinity, double.PositiveInfinity, i, i);
            }

            double difference = Math.Abs(actual[i] - expected[i]);
            error += difference * difference;
            norm += expected[i] * expected[i];
            greatest = Math.Max(greatest, Math.Abs(expected[i]));
            if (difference > worst)
            {
                (worst, worstIndex) = (difference, i);
            }
        }

        // Where everything should be zero, anything else is an error of the whole.
        double nmse = error == 0 ? 0 : norm == 0 ? double.PositiveInfinity : error / norm;
        return new Metrics(nmse, Math.Max(worst, 0) / greatest, worstIndex, -1);
    }

    /// <summary>What was measured.</summary>
    public readonly record struct Metrics(double Nmse, double MaxAbs, int Worst, int FirstNotFinite);
}
