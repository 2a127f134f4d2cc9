using VkInfer.Cli.Bench;

namespace VkInfer.Cli.Tests;

/// <summary>The benchmark's arithmetic, and that its check can fail.</summary>
public class BenchCheckTests
{
    [Test]
    public void Rates_are_mean_and_sample_deviation()
    {
        var result = new BenchResult(new BenchTest(0, 10, 0, 2), [1.0, 2.0], 5, IsFinite: true, IsRepeatable: true);
        Assert.Multiple(() =>
        {
            Assert.That(result.TokensPerSecond, Is.EqualTo(15));
            Assert.That(result.StandardDeviation, Is.EqualTo(Math.Sqrt(50)).Within(1e-9));
            Assert.That(result.WallMilliseconds, Is.EqualTo(1500));
        });
    }

    [Test]
    public void Error_is_relative_to_the_expected_energy() =>
        Assert.That(BenchCheck.Error([1, 2, 4], [1, 2, 3]), Is.EqualTo(1.0 / 14).Within(1e-12));

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void Non_finite_logits_fail(float value)
    {
        Assert.Multiple(() =>
        {
            Assert.That(BenchCheck.AreFinite([1, value]), Is.False);
            Assert.That(new BenchCheck(BenchCheck.Error([1, value], [1, 1]), IsFinite: true, IsRepeatable: true).IsOk, Is.False);
        });
    }

    [Test]
    public void Zero_logits_fail() => Assert.That(new BenchCheck(BenchCheck.Error([0, 0], [0, 0]), true, true).IsOk, Is.False);

    [Test]
    public void Wrong_or_unrepeatable_tokens_fail()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new BenchCheck(0, IsFinite: true, IsRepeatable: false).IsOk, Is.False);
            Assert.That(new BenchCheck(2 * BenchCheck.Bound, IsFinite: true, IsRepeatable: true).IsOk, Is.False);
            Assert.That(new BenchCheck(BenchCheck.Bound / 2, IsFinite: true, IsRepeatable: true).IsOk, Is.True);
        });
    }
}
