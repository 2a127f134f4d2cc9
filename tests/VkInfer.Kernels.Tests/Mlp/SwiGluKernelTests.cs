using VkInfer.Testing;

namespace VkInfer.Kernels.Tests.Mlp;

[TestFixture]
public sealed class SwiGluKernelTests : GpuTest
{
    private static readonly (ActivationType, ActivationType)[] Types =
    [
        (ActivationType.F32, ActivationType.F32), (ActivationType.F32, ActivationType.F16), (ActivationType.F16, ActivationType.F16),
    ];

    [Test]
    public void MatchesTheReference(
        [Values(1, 7, 33)] int seqLen, [Values(1, 63, 64, 65, 111, 1536, 4096)] int width,
        [ValueSource(nameof(Types))] (ActivationType Input, ActivationType Output) types)
    {
        var gateUp = TestValues.Normal(seqLen * 2 * width, 3, types.Input, 3);
        using var harness = new KernelHarness();
        var input = harness.UploadActivations(gateUp, seqLen, 2 * width, types.Input);
        var output = harness.OutputActivations(seqLen, width, types.Output);
        harness.Run(commands => new SwiGluKernel(harness.Context).Record(
            commands, input, output.View, seqLen, width, types.Input, types.Output));

        var expected = new double[seqLen * width];
        for (var i = 0; i < expected.Length; i++)
        {
            var at = (i / width * 2 * width) + (i % width);
            double gate = gateUp[at];
            expected[i] = gate / (1 + Math.Exp(-gate)) * gateUp[at + width];
        }

        var bound = types.Output == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(output, seqLen, width, types.Output), expected, bound);
    }

    [Test]
    public void ExtremeGatesStayFinite()
    {
        using var harness = new KernelHarness();
        var input = harness.UploadActivations([-200f, 200f, -1e30f, 2f, 3f, 4f], 1, 6, ActivationType.F32);
        var output = harness.OutputActivations(1, 3, ActivationType.F32);
        harness.Run(commands => new SwiGluKernel(harness.Context).Record(commands, input, output.View, 1, 3));
        var values = KernelHarness.ReadActivations(output, 1, 3, ActivationType.F32);
        Assert.That(values, Is.EqualTo(new[] { 0f, 600f, 0f }).Within(1e-3));
    }
}
