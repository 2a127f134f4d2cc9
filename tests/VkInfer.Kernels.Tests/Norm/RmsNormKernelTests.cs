using VkInfer.Testing;

namespace VkInfer.Kernels.Tests.Norm;

[TestFixture]
public sealed class RmsNormKernelTests : GpuTest
{
    [Test]
    public void MatchesTheReference(
        [Values(1, 7, 65)] int seqLen, [Values(1, 63, 64, 65, 111, 512, 4096)] int width, [Values] ActivationType outputType)
    {
        var x = TestValues.Normal(seqLen * width, 1);
        var gain = TestValues.Normal(width, 2);
        const float epsilon = 1e-5f;
        using var harness = new KernelHarness();
        var input = harness.UploadActivations(x, seqLen, width, ActivationType.F32);
        var output = harness.OutputActivations(seqLen, width, outputType);
        var gains = harness.Upload<float>(gain);
        harness.Run(commands => new RmsNormKernel(harness.Context).Record(
            commands, input, gains, output.View, seqLen, width, epsilon, outputType));

        var expected = Reference(x, gain, seqLen, width, epsilon);
        var bound = outputType == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(output, seqLen, width, outputType), expected, bound);
    }

    [Test]
    public void Float16OutputSaturates()
    {
        using var harness = new KernelHarness();
        var input = harness.UploadActivations([1f, 1f], 1, 2, ActivationType.F32);
        var gains = harness.Upload<float>([1e6f, -1e6f]);
        var output = harness.OutputActivations(1, 2, ActivationType.F16);
        harness.Run(commands => new RmsNormKernel(harness.Context).Record(
            commands, input, gains, output.View, 1, 2, 1e-5f, ActivationType.F16));
        Assert.That(KernelHarness.ReadActivations(output, 1, 2, ActivationType.F16), Is.EqualTo(new[] { 65504f, -65504f }));
    }

    [Test]
    public void AShortViewIsRefused()
    {
        using var harness = new KernelHarness();
        var small = harness.Upload<float>(new float[64]);
        Assert.That(
            () => harness.Run(commands => new RmsNormKernel(harness.Context).Record(commands, small, small, small, 2, 64, 1e-5f)),
            Throws.ArgumentException.With.Message.Contain("expected at least 512 bytes, got 256"));
    }

    private static double[] Reference(float[] x, float[] gain, int seqLen, int width, double epsilon)
    {
        var y = new double[x.Length];
        for (var row = 0; row < seqLen; row++)
        {
            var squares = 0.0;
            for (var i = 0; i < width; i++)
            {
                squares += (double)x[(row * width) + i] * x[(row * width) + i];
            }

            var norm = Math.Sqrt((squares / width) + epsilon);
            for (var i = 0; i < width; i++)
            {
                y[(row * width) + i] = x[(row * width) + i] / norm * gain[i];
            }
        }

        return y;
    }
}
