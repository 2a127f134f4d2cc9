using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Recurrent;

[TestFixture]
public sealed class GateHeadsKernelTests : GpuTest
{
    private const double Epsilon = 1e-5;

    /// <summary>What is done to heads.</summary>
    public enum Form
    {
        /// <summary>x · sigmoid(gate).</summary>
        Sigmoid,

        /// <summary>x · SiLU(gate).</summary>
        Silu,

        /// <summary>norm(x) · SiLU(gate), heads having gains in common.</summary>
        Normed,

        /// <summary>norm(x · SiLU(gate)), each head having its own gains.</summary>
        NormedBehind,

        /// <summary>x · gate.</summary>
        Product,

        /// <summary>norm(x) + gate.</summary>
        Sum,
    }

    [Test]
    public void Matches_the_reference(
        [Values(1, 7)] int rows, [Values(3)] int heads, [Values(2, 40, 256)] int headDim, [Values] Form form,
        [Values] ActivationType type, [Values] bool asSoftware)
    {
        bool isBehind = form == Form.NormedBehind;
        type = form == Form.Sum ? ActivationType.F32 : type;

        // Gates of heads with something else between them, behind something else.
        const int At = 5;
        int headStride = headDim + 4;
        int width = At + (heads * headStride);
        float[] x = TestValues.Normal(rows * heads * headDim, 1);
        float[] gates = TestValues.Normal(rows * width, 2, deviation: 3);
        float[] gain = TestValues.Normal(isBehind ? heads * headDim : headDim, 3);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, rows, heads * headDim, ActivationType.F32);
        var of = new HeadGates(harness.UploadActivations(gates, rows, width, ActivationType.F32), width, At, headStride);
        GpuBuffer gains = harness.Upload<float>(gain);
        GuardedBuffer output = harness.OutputActivations(rows, heads * headDim, type);
        var y = new HeadOutput(output.View, type);
        harness.Run(commands =>
        {
            var kernel = new GateHeadsKernel(harness.Context with { IsSoftware = asSoftware });
            switch (form)
            {
                case Form.Sigmoid:
                    kernel.RecordSigmoid(commands, input, of, y, rows, heads, headDim);
                    break;
                case Form.Silu:
                    kernel.RecordSilu(commands, input, of, y, rows, heads, headDim);
                    break;
                case Form.Product:
                    kernel.RecordProduct(commands, input, of, y, rows, heads, headDim);
                    break;
                case Form.Sum:
                    kernel.RecordSum(commands, input, of, output.View, rows, heads, headDim, gains, (float)Epsilon);
                    break;
                default:
                    var norm = new HeadGain(gains, isBehind, isBehind);
                    kernel.RecordNormed(commands, input, of, y, rows, heads, headDim, norm, (float)Epsilon);
                    break;
            }
        });

        double[] expected = new double[x.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int head = 0; head < heads; head++)
            {
                int first = ((row * heads) + head) * headDim;
                double Factor(int i)
                {
                    double gate = gates[(row * width) + At + (head * headStride) + i];
                    return form == Form.Product ? gate : (form == Form.Sigmoid ? 1 : gate) / (1 + Math.Exp(-gate));
                }

                double[] gated = [.. Enumerable.Range(0, headDim).Select(i => x[first + i] * Factor(i))];
                double squares = Enumerable.Range(0, headDim).Average(i => Math.Pow(isBehind ? gated[i] : x[first + i], 2));
                for (int i = 0; i < headDim; i++)
                {
                    double own = gain[isBehind ? (head * headDim) + i : i] / Math.Sqrt(squares + Epsilon);
                    expected[first + i] = form switch
                    {
                        Form.Normed or Form.NormedBehind => gated[i] * own,
                        Form.Sum => (x[first + i] * own) + gates[(row * width) + At + (head * headStride) + i],
                        _ => gated[i],
                    };
                }
            }
        }

        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, rows, heads * headDim, type), expected,
            type == ActivationType.F32 ? Bounds.F32 : Bounds.F16);
    }

    // Heads of whole blocks, fewer and more than the invocations of a workgroup.
    [Test]
    public void One_row_may_be_left_in_fixed_point([Values(32, 96, 1056)] int headDim, [Values(Form.Sigmoid, Form.NormedBehind)] Form form)
    {
        const int Heads = 3;
        int width = Heads * headDim;
        using var harness = new KernelHarness();
        GpuBuffer x = harness.UploadActivations(TestValues.Normal(width, 1), 1, width, ActivationType.F32);
        var of = new HeadGates(
            harness.UploadActivations(TestValues.Normal(width, 2, deviation: 3), 1, width, ActivationType.F32), width, 0, headDim);
        var gain = new HeadGain(harness.Upload<float>(TestValues.Normal(width, 3)), true, true);
        GuardedBuffer expected = harness.OutputActivations(1, width, ActivationType.F32);
        using var actual = new GuardedBuffer(Device, FixedPointVector.SizeInBytes(width));
        harness.Run(commands =>
        {
            var kernel = new GateHeadsKernel(harness.Context with { IsSoftware = false });
            foreach (HeadOutput y in new[] { new HeadOutput(expected.View), new HeadOutput(actual.View, Form: VectorForm.Fixed) })
            {
                if (form == Form.Sigmoid)
                {
                    kernel.RecordSigmoid(commands, x, of, y, 1, Heads, headDim);
                }
                else
                {
                    kernel.RecordNormed(commands, x, of, y, 1, Heads, headDim, gain, (float)Epsilon);
                }
            }
        });
        Comparison.AssertClose(
            [.. FixedPointVector.Decode(actual.Read<byte>(), width).Select(value => (float)value)],
            [.. KernelHarness.ReadActivations(expected, 1, width, ActivationType.F32).Select(value => (double)value)], Bounds.FixedPoint);
        actual.AssertIntact();
    }

    [Test]
    public void Gates_outside_a_row_are_refused()
    {
        using var harness = new KernelHarness();
        GpuBuffer buffer = harness.Upload<float>(new float[256]);
        Assert.That(
            () => harness.Run(commands => new GateHeadsKernel(harness.Context).RecordSigmoid(
                commands, buffer, new HeadGates(buffer, 60, 0, 32), new HeadOutput(buffer), 1, 2, 32)),
            Throws.ArgumentException.With.Message.Contain("inside a row"));
    }
}
