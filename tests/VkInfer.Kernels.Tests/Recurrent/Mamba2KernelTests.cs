using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Recurrent;

[TestFixture]
public sealed class Mamba2KernelTests : GpuTest
{
    private static readonly (int Row, int Sequence, int Count)[] Runs = [(3, 2, 1), (4, 0, 37), (0, 1, 3)];
    private const int Rows = 41;
    private const int RatesAt = 3;

    private static readonly Mamba2Shape[] Shapes =
    [
        new(1, 1, 1, 1), new(6, 40, 24, 2), new(6, 7, 33, 3), new(4, 64, 128, 4),
    ];

    [Test]
    public void Runs_of_several_sequences_match_the_reference([ValueSource(nameof(Shapes))] Mamba2Shape shape, [Values] bool asSoftware) =>
        Check(shape, asSoftware, Rows, Runs, (states, _) => states.Runs(Runs));

    [Test]
    public void One_row_matches_the_reference([ValueSource(nameof(Shapes))] Mamba2Shape shape, [Values] bool asSoftware) =>
        Check(shape, asSoftware, 1, [(0, 1, 1)], (states, run) => states.Row(run.Sequence));

    [Test]
    public void The_longest_states_match_the_reference() => Check(
        new Mamba2Shape(2, 16, Mamba2Shape.MaxStateDim, 1), asSoftware: true, Rows, Runs, (states, _) => states.Runs(Runs));

    /// <summary>A rate of any size keeps the state finite: softplus does not overflow, and what is forgotten is forgotten.</summary>
    [TestCase(200f)]
    [TestCase(21f)]
    [TestCase(-200f)]
    public void Extreme_rates_stay_finite(float rate) =>
        Check(new Mamba2Shape(2, 8, 16, 1), asSoftware: true, Rows, Runs, (states, _) => states.Runs(Runs), rate);

    /// <summary>Rates of both sides of the bounds: half of all steps are between them.</summary>
    [Test]
    public void Time_steps_stay_within_their_bounds([Values] bool oneRow)
    {
        var shape = new Mamba2Shape(6, 7, 33, 3) { LeastStep = 0.4f, MostStep = 1.1f };
        if (oneRow)
        {
            Check(shape, asSoftware: true, 1, [(0, 1, 1)], (states, run) => states.Row(run.Sequence));
        }
        else
        {
            Check(shape, asSoftware: true, Rows, Runs, (states, _) => states.Runs(Runs));
        }
    }

    [Test]
    public void Heads_that_groups_do_not_divide_are_refused() =>
        Assert.That(() => new Mamba2Shape(6, 8, 16, 4).Validate(), Throws.ArgumentException.With.Message.Contains("multiple of groups"));

    private static void Check(
        Mamba2Shape shape, bool asSoftware, int rows, (int Row, int Sequence, int Count)[] runs,
        Func<StateHarness, (int Row, int Sequence, int Count), StateSource> source, float? rate = null)
    {
        int ratesWidth = RatesAt + shape.Heads + 2;
        float[] xbc = TestValues.Normal(rows * shape.InputWidth, 1);
        float[] rates = TestValues.Normal(rows * ratesWidth, 2);
        if (rate is { } extreme)
        {
            Array.Fill(rates, extreme);
        }

        float[] decay = [.. TestValues.Normal(shape.Heads, 3).Select(value => -MathF.Exp(value - 2))];
        float[] shift = TestValues.Normal(shape.Heads, 4);
        float[] skip = TestValues.Normal(shape.Heads, 5);
        float[][] before = [.. Enumerable.Range(6, 3).Select(seed => TestValues.Normal((int)shape.StateFloats, seed))];
        using var harness = new KernelHarness();
        var states = new StateHarness(harness, before);
        GpuBuffer input = harness.UploadActivations(xbc, rows, shape.InputWidth, ActivationType.F32);
        GpuBuffer rateRows = harness.UploadActivations(rates, rows, ratesWidth, ActivationType.F32);
        var heads = new Mamba2Heads(harness.Upload<float>(decay), harness.Upload<float>(shift), harness.Upload<float>(skip));
        GuardedBuffer output = harness.OutputActivations(rows, shape.InnerWidth, ActivationType.F32);
        StateSource of = source(states, runs[0]);
        harness.Run(commands => new Mamba2Kernel(harness.Context with { IsSoftware = asSoftware }).Record(
            commands, shape, input, rateRows, ratesWidth, RatesAt, heads, output.View, rows, of, states.Layer));

        float[] actual = KernelHarness.ReadActivations(output, rows, shape.InnerWidth, ActivationType.F32);
        foreach ((int row, int sequence, int count) in runs)
        {
            (double[] expected, double[] state) = Reference(
                shape, xbc.AsSpan(row * shape.InputWidth, count * shape.InputWidth).ToArray(),
                (t, head) => rates[((row + t) * ratesWidth) + RatesAt + head] + (double)shift[head], decay, skip, before[sequence]);
            Comparison.AssertClose(
                actual.AsSpan(row * shape.InnerWidth, count * shape.InnerWidth), expected, Bounds.F32, $"rows of sequence {sequence}");
            Comparison.AssertClose(states.Read(sequence), state, Bounds.F32, $"state of sequence {sequence}");
        }
    }

    private static (double[] Outputs, double[] State) Reference(
        Mamba2Shape shape, float[] xbc, Func<int, int, double> rate, float[] decay, float[] skip, float[] before)
    {
        int rows = xbc.Length / shape.InputWidth;
        double[] outputs = new double[rows * shape.InnerWidth];
        double[] state = [.. before.Select(value => (double)value)];
        for (int head = 0; head < shape.Heads; head++)
        {
            int group = head * shape.Groups / shape.Heads;
            for (int t = 0; t < rows; t++)
            {
                float[] row = xbc[(t * shape.InputWidth)..][..shape.InputWidth];
                float[] b = row[(shape.InnerWidth + (group * shape.StateDim))..];
                float[] c = row[(shape.InnerWidth + ((shape.Groups + group) * shape.StateDim))..];
                double time = Math.Clamp(
                    Math.Max(rate(t, head), 0) + Math.Log(1 + Math.Exp(-Math.Abs(rate(t, head)))), shape.LeastStep, shape.MostStep);
                for (int column = 0; column < shape.HeadDim; column++)
                {
                    double x = row[(head * shape.HeadDim) + column];
                    double sum = skip[head] * x;
                    for (int i = 0; i < shape.StateDim; i++)
                    {
                        ref double element = ref state[(((head * shape.StateDim) + i) * shape.HeadDim) + column];
                        element = (Math.Exp(decay[head] * time) * element) + (time * x * b[i]);
                        sum += element * c[i];
                    }

                    outputs[(t * shape.InnerWidth) + (head * shape.HeadDim) + column] = sum;
                }
            }
        }

        return (outputs, state);
    }
}
