using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Recurrent;

[TestFixture]
public sealed class ShortConvKernelTests : GpuTest
{
    // Runs shorter and longer than the convolution, one row alone among them, in any order.
    private static readonly (int Row, int Sequence, int Count)[] Runs = [(3, 2, 1), (4, 0, 37), (0, 1, 3)];
    private const int Rows = 41;

    [Test]
    public void Runs_of_several_sequences_match_the_reference(
        [Values(1, 33, 100)] int channels, [Values(2, 4)] int taps, [Values] bool gated, [Values] bool biased, [Values] bool asSoftware) =>
        Check(new ShortConvShape(channels, taps, gated), biased, asSoftware, Rows, Runs, (states, _) => states.Runs(Runs));

    [Test]
    public void One_row_matches_the_reference([Values(1, 33, 100)] int channels, [Values] bool gated, [Values] bool asSoftware) => Check(
        new ShortConvShape(channels, 4, gated), biased: true, asSoftware, 1, [(0, 1, 1)], (states, run) => states.Row(run.Sequence));

    private static void Check(
        ShortConvShape shape, bool biased, bool asSoftware, int rows, (int Row, int Sequence, int Count)[] runs,
        Func<StateHarness, (int Row, int Sequence, int Count), StateSource> source)
    {
        // The layer's input may be a part of wider rows.
        const int At = 3;
        int width = At + shape.InputWidth + 7;
        float[] x = TestValues.Normal(rows * width, 1);
        float[] weights = TestValues.Normal(shape.Channels * shape.Taps, 2);
        float[] bias = TestValues.Normal(shape.Channels, 3);
        float[][] before = [.. Enumerable.Range(4, 3).Select(seed => TestValues.Normal(shape.StateFloats, seed))];
        using var harness = new KernelHarness();
        var states = new StateHarness(harness, before);
        GpuBuffer input = harness.UploadActivations(x, rows, width, ActivationType.F32);
        GpuBuffer taps = harness.Upload<float>(weights);
        BufferView? added = biased ? (BufferView)harness.Upload<float>(bias) : null;
        GuardedBuffer output = harness.OutputActivations(rows, shape.Channels, ActivationType.F32);
        StateSource of = source(states, runs[0]);
        harness.Run(commands => new ShortConvKernel(harness.Context with { IsSoftware = asSoftware }).Record(
            commands, shape, input, width, taps, output.View, rows, of, states.Layer, added, At));

        float[] actual = KernelHarness.ReadActivations(output, rows, shape.Channels, ActivationType.F32);
        foreach ((int row, int sequence, int count) in runs)
        {
            (double[] expected, double[] state) = Reference(
                shape, x.AsSpan((row * width) + At, (count * width) - At), width, weights, biased ? bias : null, before[sequence]);
            Comparison.AssertClose(
                actual.AsSpan(row * shape.Channels, count * shape.Channels), expected, Bounds.F32, $"rows of sequence {sequence}");
            Comparison.AssertClose(states.Read(sequence), state, Bounds.F32, $"state of sequence {sequence}");
        }
    }

    private static (double[] Outputs, double[] State) Reference(
        ShortConvShape shape, ReadOnlySpan<float> x, int width, float[] weights, float[]? bias, float[] state)
    {
        int rows = (x.Length + width - 1) / width;
        int known = shape.Taps - 1;
        double[] outputs = new double[rows * shape.Channels];
        double[] after = new double[state.Length];
        for (int c = 0; c < shape.Channels; c++)
        {
            double[] inputs = new double[known + rows];
            for (int t = 0; t < inputs.Length; t++)
            {
                int at = ((t - known) * width) + c;
                inputs[t] = t < known ? state[(t * shape.Channels) + c]
                    : shape.IsGated ? (double)x[at] * x[at + (2 * shape.Channels)] : x[at];
            }

            for (int t = 0; t < rows; t++)
            {
                double sum = bias?[c] ?? 0;
                for (int j = 0; j < shape.Taps; j++)
                {
                    sum += (double)weights[(c * shape.Taps) + j] * inputs[t + j];
                }

                outputs[(t * shape.Channels) + c] =
                    shape.IsGated ? sum * x[(t * width) + shape.Channels + c] : sum / (1 + Math.Exp(-sum));
            }

            for (int t = 0; t < known; t++)
            {
                after[(t * shape.Channels) + c] = inputs[rows + t];
            }
        }

        return (outputs, after);
    }
}
