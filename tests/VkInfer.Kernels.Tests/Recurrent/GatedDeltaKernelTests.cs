using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Recurrent;

[TestFixture]
public sealed class GatedDeltaKernelTests : GpuTest
{
    private static readonly (int Row, int Sequence, int Count)[] Runs = [(3, 2, 1), (4, 0, 37), (0, 1, 3)];
    private const int Rows = 41;
    private const int RatesAt = 3;

    private static readonly GatedDeltaShape[] Shapes =
    [
        new(1, 1, 8, 8), new(2, 6, 24, 40), new(3, 3, 33, 6),
    ];

    [Test]
    public void Runs_of_several_sequences_match_the_reference(
        [ValueSource(nameof(Shapes))] GatedDeltaShape shape, [Values] bool tiled, [Values] bool interleaved) => Check(
            shape with { IsTiled = tiled, InterleavesRates = interleaved }, asSoftware: true, Rows, Runs, (states, _) => states.Runs(Runs));

    [TestCase(128, 128)]
    [TestCase(256, 16)]
    public void Long_keys_match_the_reference(int keyDim, int valueDim) => Check(
        new GatedDeltaShape(1, 2, keyDim, valueDim), asSoftware: true, Rows, Runs, (states, _) => states.Runs(Runs));

    [Test]
    public void Wide_workgroups_match_the_reference([ValueSource(nameof(Shapes))] GatedDeltaShape shape) =>
        Check(shape, asSoftware: false, Rows, Runs, (states, _) => states.Runs(Runs));

    [Test]
    public void One_row_matches_the_reference([ValueSource(nameof(Shapes))] GatedDeltaShape shape, [Values] bool asSoftware) =>
        Check(shape, asSoftware, 1, [(0, 1, 1)], (states, run) => states.Row(run.Sequence));

    /// <summary>A rate of any size keeps the state finite: softplus does not overflow, and what is forgotten is forgotten.</summary>
    [TestCase(200f)]
    [TestCase(-200f)]
    public void Extreme_rates_stay_finite(float rate) =>
        Check(new GatedDeltaShape(1, 2, 16, 8), asSoftware: true, Rows, Runs, (states, _) => states.Runs(Runs), rate);

    private static void Check(
        GatedDeltaShape shape, bool asSoftware, int rows, (int Row, int Sequence, int Count)[] runs,
        Func<StateHarness, (int Row, int Sequence, int Count), StateSource> source, float? rate = null)
    {
        int ratesWidth = RatesAt + shape.RateWidth + 2;
        float[] qkv = TestValues.Normal(rows * shape.InputWidth, 1);
        float[] rates = TestValues.Normal(rows * ratesWidth, 2);
        if (rate is { } extreme)
        {
            Array.Fill(rates, extreme);
        }

        float[] decay = [.. TestValues.Normal(shape.ValueHeads, 3).Select(value => -MathF.Exp(value - 2))];
        float[] shift = TestValues.Normal(shape.ValueHeads, 4);
        float[][] before = [.. Enumerable.Range(5, 3).Select(seed => TestValues.Normal((int)shape.StateFloats, seed))];
        using var harness = new KernelHarness();
        var states = new StateHarness(harness, before);
        GpuBuffer input = harness.UploadActivations(qkv, rows, shape.InputWidth, ActivationType.F32);
        GpuBuffer rateRows = harness.UploadActivations(rates, rows, ratesWidth, ActivationType.F32);
        (GpuBuffer decays, GpuBuffer shifts) = (harness.Upload<float>(decay), harness.Upload<float>(shift));
        GuardedBuffer output = harness.OutputActivations(rows, shape.ValueWidth, ActivationType.F32);
        StateSource of = source(states, runs[0]);
        harness.Run(commands => new GatedDeltaKernel(harness.Context with { IsSoftware = asSoftware }).Record(
            commands, shape, input, rateRows, ratesWidth, RatesAt, decays, shifts, output.View, rows, of, states.Layer));

        float[] actual = KernelHarness.ReadActivations(output, rows, shape.ValueWidth, ActivationType.F32);
        foreach ((int row, int sequence, int count) in runs)
        {
            (double[] expected, double[] state) = Reference(
                shape, qkv.AsSpan(row * shape.InputWidth, count * shape.InputWidth).ToArray(),
                rates.AsSpan(row * ratesWidth, count * ratesWidth).ToArray(), ratesWidth, decay, shift, before[sequence]);
            Comparison.AssertClose(
                actual.AsSpan(row * shape.ValueWidth, count * shape.ValueWidth), expected, Bounds.F32, $"rows of sequence {sequence}");
            Comparison.AssertClose(states.Read(sequence), state, Bounds.F32, $"state of sequence {sequence}");
        }
    }

    private static (double[] Outputs, double[] State) Reference(
        GatedDeltaShape shape, float[] qkv, float[] rates, int ratesWidth, float[] decay, float[] shift, float[] before)
    {
        (int rows, int keyDim, int valueDim) = (qkv.Length / shape.InputWidth, shape.KeyDim, shape.ValueDim);
        double[] outputs = new double[rows * shape.ValueWidth];
        double[] state = [.. before.Select(value => (double)value)];
        int perKey = shape.ValueHeads / shape.KeyHeads;
        for (int head = 0; head < shape.ValueHeads; head++)
        {
            int keyHead = shape.IsTiled ? head % shape.KeyHeads : head / perKey;
            int rateB = shape.InterleavesRates ? (keyHead * 2 * perKey) + (head % perKey) : head;
            int rateA = rateB + (shape.InterleavesRates ? perKey : shape.ValueHeads);
            for (int t = 0; t < rows; t++)
            {
                double[] Unit(int first)
                {
                    float[] part = qkv[((t * shape.InputWidth) + first)..][..keyDim];
                    double length = Math.Sqrt(part.Sum(value => (double)value * value) + 1e-6);
                    return [.. part.Select(value => value / length)];
                }

                double[] query = Unit(keyHead * keyDim);
                double[] key = Unit((shape.KeyHeads + keyHead) * keyDim);
                double Rate(int index) => rates[(t * ratesWidth) + RatesAt + index];
                double beta = 1 / (1 + Math.Exp(-Rate(rateB)));
                double x = Rate(rateA) + shift[head];
                double kept = Math.Exp(decay[head] * (Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)))));
                for (int column = 0; column < valueDim; column++)
                {
                    int At(int i) => (((head * keyDim) + i) * valueDim) + column;
                    double known = 0;
                    for (int i = 0; i < keyDim; i++)
                    {
                        state[At(i)] *= kept;
                        known += state[At(i)] * key[i];
                    }

                    int value = (head * valueDim) + column;
                    double change = beta * (qkv[(t * shape.InputWidth) + (2 * shape.KeyHeads * keyDim) + value] - known);
                    double result = 0;
                    for (int i = 0; i < keyDim; i++)
                    {
                        state[At(i)] += key[i] * change;
                        result += state[At(i)] * query[i];
                    }

                    outputs[(t * shape.ValueWidth) + value] = result / Math.Sqrt(keyDim);
                }
            }
        }

        return (outputs, state);
    }
}
