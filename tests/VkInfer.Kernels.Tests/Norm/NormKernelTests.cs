using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Norm;

[TestFixture]
public sealed class NormKernelTests : GpuTest
{
    [Test]
    public void Matches_the_reference(
        [Values(1, 7, 65)] int seqLen, [Values(1, 63, 64, 65, 111, 512, 4096)] int width, [Values] ActivationType outputType,
        [Values] bool asSoftware)
    {
        float[] x = TestValues.Normal(seqLen * width, 1);
        float[] gain = TestValues.Normal(width, 2);
        const float epsilon = 1e-5f;
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, seqLen, width, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(seqLen, width, outputType);
        BufferView gains = harness.Upload<float>(gain);
        harness.Run(commands => new NormKernel(harness.Context with { IsSoftware = asSoftware }).Record(
            commands, input, gains, output.View, seqLen, width, epsilon, outputType));

        double[] expected = Reference(x, gain, null, seqLen, width, epsilon);
        Bound bound = outputType == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(output, seqLen, width, outputType), expected, bound);
    }

    [Test]
    public void Layer_norm_matches_the_reference(
        [Values(1, 7)] int seqLen, [Values(1, 65, 111, 1020, 4096)] int width, [Values] ActivationType outputType, [Values] bool asSoftware)
    {
        // Far from zero: a variance taken as the difference of two large means would show.
        float[] x = [.. TestValues.Normal(seqLen * width, 1).Select(value => value + 100)];
        float[] gain = TestValues.Normal(width, 2);
        float[] shift = TestValues.Normal(width, 3);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, seqLen, width, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(seqLen, width, outputType);
        BufferView gains = harness.Upload<float>(gain);
        GpuBuffer shifts = harness.Upload<float>(shift);
        harness.Run(commands => new NormKernel(harness.Context with { IsSoftware = asSoftware }).Record(
            commands, input, gains, output.View, seqLen, width, 1e-5f, outputType, shifts));
        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, seqLen, width, outputType), Reference(x, gain, shift, seqLen, width, 1e-5f),
            outputType == ActivationType.F32 ? Bounds.CenteredF32 : Bounds.F16);
    }

    [Test]
    public void Leaves_the_input_of_a_product(
        [Values] VectorForm form, [Values] bool layerNorm, [Values(1, 65, 111, 1020, 4096, 16640)] int width)
    {
        float[] x = [.. TestValues.Normal(width, 1).Select(value => value + (layerNorm ? 100 : 0))];
        float[] gain = TestValues.Normal(width, 2);
        float[] shift = TestValues.Normal(width, 3);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, 1, width, ActivationType.F32);
        BufferView gains = harness.Upload<float>(gain);
        BufferView shifts = harness.Upload<float>(shift);
        using var output = new GuardedBuffer(Device, VectorInput.SizeInBytes(form, width));
        output.Write<byte>(new byte[output.View.Length]);
        harness.Run(commands => new NormKernel(harness.Context with { IsSoftware = false }).RecordVector(
            commands, input, gains, new VectorOutput(output.View, form), width, 1e-5f, layerNorm ? shifts : null));
        float[] stored = form == VectorForm.Fixed
            ? [.. FixedPointVector.Decode(output.Read<byte>(), width).Select(value => (float)value)]
            : output.Read<float>()[..width];
        Comparison.AssertClose(
            stored, Reference(x, gain, layerNorm ? shift : null, 1, width, 1e-5f),
            form == VectorForm.Fixed ? Bounds.FixedPoint : layerNorm ? Bounds.CenteredF32 : Bounds.F32);
        output.AssertIntact();
    }

    [Test]
    public void Accumulates([Values] bool layerNorm, [Values] bool hasFactor, [Values(111, 112)] int width)
    {
        const int SeqLen = 3;
        const float Factor = -0.7f;
        float[] x = TestValues.Normal(SeqLen * width, 1);
        float[] gain = TestValues.Normal(width, 2);
        float[] before = TestValues.Normal(SeqLen * width, 4);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, SeqLen, width, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(before, SeqLen, width, ActivationType.F32);
        BufferView gains = harness.Upload<float>(gain);
        harness.Run(commands => new NormKernel(harness.Context).Record(
            commands, input, gains, output.View, SeqLen, width, 1e-5f, shift: layerNorm ? gains : null, accumulate: true,
            factor: hasFactor ? (BufferView)harness.Upload<float>([Factor]) : null));
        double[] expected =
            Reference(x, gain, layerNorm ? gain : null, SeqLen, width, 1e-5f)
                .Zip(before, (value, old) => (value + old) * (hasFactor ? Factor : 1)).ToArray();
        Comparison.AssertClose(KernelHarness.ReadActivations(output, SeqLen, width, ActivationType.F32), expected, Bounds.F32);
    }

    [Test]
    public void Float16_output_saturates()
    {
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations([1f, 1f], 1, 2, ActivationType.F32);
        GpuBuffer gains = harness.Upload<float>([1e6f, -1e6f]);
        GuardedBuffer output = harness.OutputActivations(1, 2, ActivationType.F16);
        harness.Run(commands => new NormKernel(harness.Context).Record(
            commands, input, gains, output.View, 1, 2, 1e-5f, ActivationType.F16));
        Assert.That(KernelHarness.ReadActivations(output, 1, 2, ActivationType.F16), Is.EqualTo(new[] { 65504f, -65504f }));
    }

    [Test]
    public void A_short_view_is_refused()
    {
        using var harness = new KernelHarness();
        GpuBuffer small = harness.Upload<float>(new float[64]);
        Assert.That(
            () => harness.Run(commands => new NormKernel(harness.Context).Record(commands, small, small, small, 2, 64, 1e-5f)),
            Throws.ArgumentException.With.Message.Contain("expected at least 512 bytes, got 256"));
    }

    private static double[] Reference(float[] x, float[] gain, float[]? shift, int seqLen, int width, double epsilon)
    {
        double[] y = new double[x.Length];
        for (int row = 0; row < seqLen; row++)
        {
            double mean = shift is null ? 0 : x.Skip(row * width).Take(width).Average(value => (double)value);
            double squares = 0.0;
            for (int i = 0; i < width; i++)
            {
                squares += (x[(row * width) + i] - mean) * (x[(row * width) + i] - mean);
            }

            double norm = Math.Sqrt((squares / width) + epsilon);
            for (int i = 0; i < width; i++)
            {
                y[(row * width) + i] = ((x[(row * width) + i] - mean) / norm * gain[i]) + (shift?[i] ?? 0);
            }
        }

        return y;
    }
}
