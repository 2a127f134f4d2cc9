using VkInfer.Kernels;
using VkInfer.Proof;

namespace VkInfer.Tests.Proof;

/// <summary>Some figures of the tables: one family with each trait, one format of each kind.</summary>
[Category("Host")]
public sealed class MeasurementTests
{
    [TestCase("llama", WeightType.Q4_K)]
    [TestCase("gemma2", WeightType.Q3_K)]
    [TestCase("gpt2", WeightType.IQ4_NL)]
    [TestCase("mixtral", WeightType.IQ4_XS)]
    [TestCase("phi3-longrope", WeightType.BF16)]
    [TestCase("mixtral", WeightType.MXFP4)]
    [TestCase("qwen3", WeightType.IQ2_XXS)]
    [TestCase("gemma4-moe", WeightType.Q4_K)]
    public void A_model_in_a_format_gives_the_logits_of_the_reference(string name, WeightType type)
    {
        var measurement = new Measurement(TestModels.Device);
        (double error, double bound) = measurement.OfFormat(Fixture.All.Single(fixture => fixture.Name == name), type);
        TestContext.Out.WriteLine(
            FormattableString.Invariant($"{name} {type} on {measurement.Device.Name}: {error:0.0e+0}, bound {bound:0.0e+0}"));
        Assert.That(error, Is.LessThanOrEqualTo(bound));
    }
}
