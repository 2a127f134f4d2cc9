using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Recurrent;

[TestFixture]
public sealed class GateHeadsKernelTests : GpuTest
{
    private const double Epsilon = 1e-5;

    [Test]
    public void Matches_the_reference(
        [Values(1, 7)] int rows, [Values(3)] int heads, [Values(2, 40, 256)] int headDim, [Values] GateKind kind,
        [Values] ActivationType type, [Values] bool asSoftware)
    {
        bool isNormed = kind is GateKind.Silu or GateKind.Summand;
        type = kind == GateKind.Summand ? ActivationType.F32 : type;

        // Gates of heads with something else between them, behind something else.
        const int At = 5;
        int headStride = headDim + 4;
        int width = At + (heads * headStride);
        float[] x = TestValues.Normal(rows * heads * headDim, 1);
        float[] gates = TestValues.Normal(rows * width, 2, deviation: 3);
        float[] gain = TestValues.Normal(headDim, 3);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, rows, heads * headDim, ActivationType.F32);
        var of = new HeadGates(harness.UploadActivations(gates, rows, width, ActivationType.F32), width, At, headStride);
        GpuBuffer gains = harness.Upload<float>(gain);
        GuardedBuffer output = harness.OutputActivations(rows, heads * headDim, type);
        harness.Run(commands =>
        {
            var kernel = new GateHeadsKernel(harness.Context with { IsSoftware = asSoftware });
            switch (kind)
            {
                case GateKind.Silu:
                    kernel.RecordNormed(commands, input, of, output.View, rows, heads, headDim, gains, (float)Epsilon, type);
                    break;
                case GateKind.Sigmoid:
                    kernel.RecordSigmoid(commands, input, of, output.View, rows, heads, headDim, type);
                    break;
                case GateKind.Factor:
                    kernel.RecordProduct(commands, input, of, output.View, rows, heads, headDim, type);
                    break;
                default:
                    kernel.RecordSum(commands, input, of, output.View, rows, heads, headDim, gains, (float)Epsilon);
                    break;
            }
        });

        double[] expected = new double[x.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int head = 0; head < heads; head++)
            {
                int first = ((row * heads) + head) * headDim;
                double scale = 1 / Math.Sqrt(x[first..(first + headDim)].Average(value => (double)value * value) + Epsilon);
                for (int i = 0; i < headDim; i++)
                {
                    double gate = gates[(row * width) + At + (head * headStride) + i];
                    double sigmoid = 1 / (1 + Math.Exp(-gate));
                    double value = x[first + i] * (isNormed ? scale * gain[i] : 1);
                    expected[first + i] = kind switch
                    {
                        GateKind.Silu => value * gate * sigmoid,
                        GateKind.Sigmoid => value * sigmoid,
                        GateKind.Factor => value * gate,
                        _ => value + gate,
                    };
                }
            }
        }

        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, rows, heads * headDim, type), expected,
            type == ActivationType.F32 ? Bounds.F32 : Bounds.F16);
    }

    [Test]
    public void Gates_outside_a_row_are_refused()
    {
        using var harness = new KernelHarness();
        GpuBuffer buffer = harness.Upload<float>(new float[256]);
        Assert.That(
            () => harness.Run(commands => new GateHeadsKernel(harness.Context).RecordSigmoid(
                commands, buffer, new HeadGates(buffer, 60, 0, 32), buffer, 1, 2, 32)),
            Throws.ArgumentException.With.Message.Contain("inside a row"));
    }
}
