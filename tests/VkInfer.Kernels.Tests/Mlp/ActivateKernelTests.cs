using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Mlp;

[TestFixture]
public sealed class ActivateKernelTests : GpuTest
{
    private static readonly (ActivationType, ActivationType)[] Types =
    [
        (ActivationType.F32, ActivationType.F32), (ActivationType.F32, ActivationType.F16), (ActivationType.F16, ActivationType.F16),
    ];

    [Test]
    public void Gates_rows(
        [Values(1, 7, 33)] int seqLen, [Values(1, 63, 64, 65, 111, 1536, 4096)] int width,
        [ValueSource(nameof(Types))] (ActivationType Input, ActivationType Output) types) =>
        Check(seqLen, width, ActivationFunction.Silu, gated: true, biased: false, types.Input, types.Output);

    [Test]
    public void Every_function_with_and_without_gate_and_bias(
        [Values(
            ActivationFunction.Silu, ActivationFunction.Gelu, ActivationFunction.Relu, ActivationFunction.ReluSquared,
            ActivationFunction.GeluErf)]
        ActivationFunction function,
        [Values] bool gated, [Values] bool biased, [ValueSource(nameof(Types))] (ActivationType Input, ActivationType Output) types) =>
        Check(5, 111, function, gated, biased, types.Input, types.Output);

    [TestCase(ActivationFunction.Silu, new[] { -0f, 600f, 0f })]
    [TestCase(ActivationFunction.Gelu, new[] { -0f, 600f, 0f })]
    [TestCase(ActivationFunction.GeluErf, new[] { -0f, 600f, 0f })]
    [TestCase(ActivationFunction.Relu, new[] { 0f, 600f, 0f })]
    public void Extreme_gates_stay_finite(ActivationFunction function, float[] expected)
    {
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations([-200f, 200f, -1e12f, 2f, 3f, 4f], 1, 6, ActivationType.F32);
        GuardedBuffer output = harness.OutputActivations(1, 3, ActivationType.F32);
        harness.Run(commands => new ActivateKernel(harness.Context).Record(commands, input, output.View, 1, 3, function, gated: true));
        Assert.That(KernelHarness.ReadActivations(output, 1, 3, ActivationType.F32), Is.EqualTo(expected).Within(1e-3));
    }

    private static void Check(
        int seqLen, int width, ActivationFunction function, bool gated, bool biased, ActivationType inputType, ActivationType outputType)
    {
        int inputWidth = gated ? 2 * width : width;
        float[] x = TestValues.Normal(seqLen * inputWidth, 3, inputType, 3);
        float[] bias = TestValues.Normal(inputWidth, 4);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(x, seqLen, inputWidth, inputType);
        GuardedBuffer output = harness.OutputActivations(seqLen, width, outputType);
        BufferView? biasView = biased ? (BufferView)harness.Upload<float>(bias) : null;
        harness.Run(commands => new ActivateKernel(harness.Context).Record(
            commands, input, output.View, seqLen, width, function, gated, biasView, inputType, outputType));

        double Input(int row, int column) => x[(row * inputWidth) + column] + (biased ? (double)bias[column] : 0);
        double[] expected = new double[seqLen * width];
        for (int i = 0; i < expected.Length; i++)
        {
            (int row, int column) = (i / width, i % width);
            expected[i] = ReferenceActivation.Apply(function, Input(row, column)) * (gated ? Input(row, width + column) : 1);
        }

        Bound bound = outputType == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(output, seqLen, width, outputType), expected, bound);
    }
}
