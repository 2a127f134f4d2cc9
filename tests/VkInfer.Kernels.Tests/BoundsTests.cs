using VkInfer.Testing;

namespace VkInfer.Kernels.Tests;

/// <summary>A bound that nothing can exceed proves nothing.</summary>
[TestFixture]
public sealed class BoundsTests
{
    private static readonly Bound[] All =
    [
        Bounds.Exact, Bounds.F32, Bounds.F16, Bounds.BF16, Bounds.Blocks, Bounds.AttentionF32, Bounds.AttentionF16,
        Bounds.CachedQ8_0, Bounds.AttentionQ8_0, Bounds.MatrixF16, Bounds.LogProbabilities,
    ];

    [TestCaseSource(nameof(All))]
    public void The_exact_result_passes(Bound bound)
    {
        (double[] expected, float[] got) = Values();
        Comparison.AssertClose(got, expected, bound);
    }

    [TestCaseSource(nameof(All))]
    public void One_nan_fails(Bound bound)
    {
        (double[] expected, float[] got) = Values();
        got[17] = float.NaN;
        AssertFails(got, expected, bound, "[17] is NaN");
    }

    [TestCaseSource(nameof(All))]
    public void One_element_beyond_the_bound_fails(Bound bound)
    {
        (double[] expected, float[] got) = Values();
        got[23] += (float)(2 * bound.MaxAbs) + 1e-6f;
        AssertFails(got, expected, bound, "at [23]");
    }

    [TestCaseSource(nameof(All))]
    public void Even_noise_above_the_bound_fails(Bound bound)
    {
        (double[] expected, float[] got) = Values();
        for (int i = 0; i < got.Length; i++)
        {
            got[i] += (float)(Math.Sqrt(2 * bound.Nmse) * (i % 2 == 0 ? 1 : -1)) + 1e-6f;
        }

        AssertFails(got, expected, bound, "NMSE");
    }

    private static void AssertFails(float[] got, double[] expected, Bound bound, string message) =>
        Assert.That(() => Comparison.AssertClose(got, expected, bound), Throws.TypeOf<AssertionException>().With.Message.Contain(message));

    private static (double[] Expected, float[] Got) Values()
    {
        var random = new Random(5);
        float[] got = new float[512];
        for (int i = 0; i < got.Length; i++)
        {
            got[i] = random.Next(2) == 0 ? 1 : -1;
        }

        return (Array.ConvertAll(got, value => (double)value), got);
    }
}
