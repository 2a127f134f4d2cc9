namespace VkInfer.Tests.Families;

/// <summary>Memory of recurrent states.</summary>
public sealed class RecurrentStateTests
{
    [Test]
    public void Requirements_count_the_state() => Assert.That(
        ModelInspection.Inspect(LogitsReference.OfFixture("qwen3.5").Path).Memory!.KvCacheBytes,
        Is.GreaterThan(4 * 2 * sizeof(float) * ((6 * 16 * 16) + (3 * 160))));
}
