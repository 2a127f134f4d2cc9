using VkInfer.Kernels.Tests.Mlp;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>The products with the experts that a token goes to against double precision, in each of the forms that devices get.</summary>
[TestFixtureSource(typeof(GemvForms), nameof(GemvForms.All))]
public sealed class GemvExpertsTests(string form) : GpuTest
{
    private const int Experts = 5;
    private const int Width = 37;

    private static readonly IReadOnlyList<WeightType> ChunkSizes = TestWeights.ChunkSizes;
    private static readonly uint[] Chosen = [4, 0, 3];
    private static readonly float[] Weights = [0.5f, -1.25f, 0.75f];

    private static int Used => Chosen.Length;

    private KernelContext Context => GemvForms.Context(Device, form);

    [Test]
    public void Gates_those_of_a_token([ValueSource(nameof(ChunkSizes))] WeightType type, [Values] bool biased)
    {
        int columns = TestWeights.WholeBlocks(type, 96);
        int padded = WeightLayout.PadColumns(Width);
        ActivationFunction function = biased ? ActivationFunction.ClampedSwiglu : ActivationFunction.Silu;
        VectorForm next = GemvHeuristic.Form(type, Context);
        using var gateUp = PackedWeights.Random(Device, type, 2 * Experts * Width, columns, 1);
        using var input = new GemvInput(Context, type, columns, norm: true, 2);
        float[] biases = Buffers.Random(3, 2 * Experts * Width);
        using GpuBuffer bias = Buffers.Create<float>(Device, biases, "bias");
        using var y = new GuardedBuffer(Device, VectorInput.SizeInBytes(next, Used * padded), "y");
        using var choice = new Choice(Device);
        Run(commands => new GemvKernel(Context).RecordExpertsGated(
            commands, gateUp.Matrix, input.X, new VectorOutput(y.View, next), choice.Value, function, biased ? (BufferView)bias : null));

        double[] products =
            [.. gateUp.Multiply(input.AsStored(Context, type)).Select((sum, row) => biased ? sum + biases[row] : sum)];
        double[] expected = [.. Chosen.SelectMany(expert => Enumerable.Range(0, padded).Select(i =>
        {
            int row = ((int)expert * Width) + i;
            return i >= Width ? 0 : ReferenceActivation.Gated(function, products[row], products[(Experts * Width) + row]);
        }))];
        AssertLeft(y, next, expected, type);
    }

    [Test]
    public void Multiplies_those_of_a_token_by_one_x([ValueSource(nameof(ChunkSizes))] WeightType type, [Values] bool biased)
    {
        int columns = TestWeights.WholeBlocks(type, 96);
        int padded = WeightLayout.PadColumns(Width);
        VectorForm next = GemvHeuristic.Form(type, Context);
        using var up = PackedWeights.Random(Device, type, Experts * Width, columns, 1);
        using var input = new GemvInput(Context, type, columns, norm: true, 2);
        float[] biases = Buffers.Random(3, Experts * Width);
        using GpuBuffer bias = Buffers.Create<float>(Device, biases, "bias");
        using var y = new GuardedBuffer(Device, VectorInput.SizeInBytes(next, Used * padded), "y");
        using var choice = new Choice(Device);
        Run(commands => new GemvKernel(Context).RecordExpertsActivated(
            commands, up.Matrix, input.X, new VectorOutput(y.View, next), choice.Value, ActivationFunction.Relu,
            biased ? (BufferView)bias : null));

        double[] products = up.Multiply(input.AsStored(Context, type));
        double[] expected = [.. Chosen.SelectMany(expert => Enumerable.Range(0, padded).Select(i =>
        {
            int row = ((int)expert * Width) + i;
            return i >= Width ? 0 : Math.Max(0, products[row] + (biased ? biases[row] : 0));
        }))];
        AssertLeft(y, next, expected, type);
    }

    [Test]
    public void Sums_those_of_a_token(
        [ValueSource(nameof(ChunkSizes))] WeightType type, [Values] bool biased, [Values(512, 1280)] int columns)
    {
        const int Rows = 111;
        using var down = PackedWeights.Random(Device, type, Experts * Rows, columns, 1);
        using var input = new GemvInput(Context, type, Used * columns, norm: false, 2);
        float[] biases = Buffers.Random(3, Experts * Rows);
        float[] before = Buffers.Random(4, Rows);
        float[] gains = Buffers.Random(5, Rows, 0.5f, 2);
        using GpuBuffer bias = Buffers.Create<float>(Device, biases, "bias");
        using GpuBuffer gain = Buffers.Create<float>(Device, gains, "gain");
        using var y = new GuardedBuffer(Device, Rows * sizeof(float), "y");
        using var next = new GuardedBuffer(Device, VectorInput.SizeInBytes(VectorForm.Float, Rows), "next");
        using var squares = new GuardedBuffer(Device, PendingNorm.SizeInBytes(Rows), "squares");
        using var choice = new Choice(Device);
        y.Write<float>(before);
        VectorInput? left = null;
        Run(commands => left = new GemvKernel(Context).RecordExpertsDown(
            commands, down.Matrix, input.X, y.View, GemvMode.Accumulate, choice.Value,
            new VectorOutput(next.View, VectorForm.Float, new NextNorm(gain, squares.View, GemvInput.Eps)),
            biased ? (BufferView)bias : null));

        double[] x = input.AsStored(Context, type);
        double[] expected = [.. before.Select(value => (double)value)];
        for (int rank = 0; rank < Used; rank++)
        {
            double[] products = down.Multiply(x.AsSpan(rank * columns, columns).ToArray());
            for (int row = 0; row < Rows; row++)
            {
                int at = ((int)Chosen[rank] * Rows) + row;
                expected[row] += Weights[rank] * (products[at] + (biased ? biases[at] : 0));
            }
        }

        Comparison.AssertClose(y.Read<float>(), expected, GemvForms.BoundOf(type), "y");
        Comparison.AssertClose(
            next.Read<float>().AsSpan(0, Rows), [.. expected.Zip(gains, (value, factor) => value * factor)], GemvForms.BoundOf(type),
            "next");
        double sum = squares.Read<float>().Take(left!.Value.Norm!.Value.Count).Sum(value => (double)value);
        Assert.That(sum, Is.EqualTo(expected.Sum(value => value * value)).Within(1e-4).Percent, "squares");
    }

    private static void AssertLeft(GuardedBuffer y, VectorForm form, double[] expected, WeightType type)
    {
        float[] actual = form == VectorForm.Fixed
            ? Array.ConvertAll(FixedPointVector.Decode(y.Read<byte>(), expected.Length), value => (float)value)
            : y.Read<float>();
        Comparison.AssertClose(actual, expected, form == VectorForm.Fixed ? Bounds.FixedPoint : GemvForms.BoundOf(type));
    }

    /// <summary>What a router left.</summary>
    private sealed class Choice(GpuDevice device) : IDisposable
    {
        private readonly GpuBuffer _chosen = Buffers.Create<uint>(device, Chosen, "chosen");
        private readonly GpuBuffer _weights = Buffers.Create<float>(device, Weights, "weights");

        public ExpertChoice Value => new(_chosen, _weights, Experts, Used);

        public void Dispose()
        {
            _chosen.Dispose();
            _weights.Dispose();
        }
    }
}
