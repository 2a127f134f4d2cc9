using VkInfer.Loading;
using VkInfer.Proof;
using VkInfer.Proof.Reference;
using VkInfer.Testing;

namespace VkInfer.Tests.Proof;

/// <summary>The reference of the formats' proof, itself against another implementation.</summary>
public sealed class ReferenceTransformerTests
{
    private static readonly string[] MoreInFloat32 =
        ["gemma4", "gemma4-e", "gemma4-moe", "gpt-oss", "qwen3-next", "qwen3.5", "qwen3.5-moe"];

    [TestCaseSource(nameof(Names))]
    public void Gives_the_logits_of_transformers(string name)
    {
        Fixture fixture = Fixture.All.Single(fixture => fixture.Name == name);
        using ModelSource source = ModelSource.Open(fixture.Folder);
        ModelConfig config = source.ReadConfig();
        double[][] logits = new ReferenceTransformer(config, source.Weights, config.MaxContextLength).Logits(fixture.Tokens);
        float[] actual = [.. logits.SelectMany(row => row).Select(logit => (float)logit)];
        Comparison.AssertClose(
            actual, fixture.ReadLogits(), MoreInFloat32.Contains(name) ? Bounds.LogitsF64BesideF32 : Bounds.LogitsF64, name);
        TestContext.Out.WriteLine(FormattableString.Invariant($"{name}: {Comparison.Measure(actual, fixture.ReadLogits()).MaxAbs:0.0e+0}"));
    }

    private static IEnumerable<string> Names() => Fixture.All.Select(fixture => fixture.Name);
}
