using System.Text.Json;
using VkInfer.Cli.Fidelity;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>Calibration and fidelity: the arithmetic, and the commands one after the other.</summary>
public class FidelityTests
{
    [Test]
    public void Equal_logits_differ_in_nothing()
    {
        var result = new FidelityResult();
        float[] logits = [1, 2, 3];
        result.Add(logits, logits, 0);
        Assert.Multiple(() =>
        {
            Assert.That((result.EqualGreedyShare, result.KlMean, result.LargestLogitDifference), Is.EqualTo((1.0, 0.0, 0.0)));
            Assert.That(result.Perplexity, Is.EqualTo(result.ReferencePerplexity));
        });
    }

    [Test]
    public void Divergence_is_that_of_the_reference_from_the_run()
    {
        // Probabilities 1/2, 1/2 in the reference and 1/4, 3/4 in the run; far from zero on purpose.
        var result = new FidelityResult();
        result.Add([1000, 1000 + MathF.Log(3)], [500, 500], 0);
        Assert.Multiple(() =>
        {
            Assert.That(result.KlMean, Is.EqualTo((0.5 * Math.Log(2)) + (0.5 * Math.Log(2.0 / 3))).Within(1e-4));
            Assert.That(result.Perplexity, Is.EqualTo(4).Within(1e-3));
            Assert.That(result.ReferencePerplexity, Is.EqualTo(2).Within(1e-6));
        });
    }

    [Test]
    [NonParallelizable]
    public void A_calibrated_model_is_as_good_as_the_reference()
    {
        string model = ReferenceData.StoriesPath;
        using var folder = new TemporaryFolder();
        string file = folder.Write("story.txt", "Once upon a time, there was a little girl named Lily. She loved to play."u8.ToArray());
        string? before = Environment.GetEnvironmentVariable("VKINFER_CACHE");
        Environment.SetEnvironmentVariable("VKINFER_CACHE", Path.GetDirectoryName(file));
        try
        {
            Assert.That(CliRun.OnDevice("calibrate", "--model", model, "--file", file).AssertSuccess().Out, Does.Contain("Asynchronized"));
            Assert.That(CliRun.Of("inspect", "--model", model).AssertSuccess().Out, Does.Contain("Softmax: decode Asynchronized"));
            foreach (string[] path in (string[][])[[], ["--decode"]])
            {
                CliRun run =
                    CliRun.OnDevice(["fidelity", "--model", model, "--file", file, "--context", "16", "--json", .. path]).AssertSuccess();
                using JsonDocument result = JsonDocument.Parse(run.Out);
                Assert.That(result.RootElement.GetProperty("equalGreedyShare").GetDouble(), Is.EqualTo(1));
                Assert.That(result.RootElement.GetProperty("perplexityDifference").GetDouble(), Is.EqualTo(0).Within(1e-3));
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable("VKINFER_CACHE", before);
        }
    }

    [TestCase("calibrate")]
    [TestCase("fidelity")]
    public void A_text_that_is_too_short_is_refused(string command)
    {
        string model = ReferenceData.StoriesPath;
        using var folder = new TemporaryFolder();
        CliRun.OnDevice(command, "--model", model, "--file", folder.Write("empty.txt", [])).AssertFailure(1, "tokens");
    }
}
