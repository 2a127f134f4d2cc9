using VkInfer.Testing;

namespace VkInfer.Kernels.Tests.Sample;

public sealed class SoftCapKernelTests : GpuTest
{
    [Test]
    public void Bounds_values_by_the_hyperbolic_tangent([Values(1, 111, 4096)] int count, [Values(0.5f, 30f)] float cap)
    {
        float[] values = [.. TestValues.Normal(count, 1).Select(value => 20 * value)];
        using var harness = new KernelHarness();
        GuardedBuffer buffer = harness.Output<float>(values);
        harness.Run(commands => new SoftCapKernel(harness.Context).Record(commands, buffer.View, cap));
        Comparison.AssertClose(buffer.Read<float>(), [.. values.Select(value => cap * Math.Tanh(value / cap))], Bounds.F32);
    }

    [Test]
    public void Ends_at_the_bound()
    {
        using var harness = new KernelHarness();
        GuardedBuffer buffer = harness.Output<float>([1e30f, -1e30f, 0f]);
        harness.Run(commands => new SoftCapKernel(harness.Context).Record(commands, buffer.View, 30));
        Assert.That(buffer.Read<float>(), Is.EqualTo(new[] { 30f, -30f, 0f }));
    }
}
