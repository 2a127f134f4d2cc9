using VkInfer.Kernels.Tests.Mlp;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>The matrix-vector products against double precision, in each of the forms that devices get.</summary>
[TestFixtureSource(typeof(GemvForms), nameof(GemvForms.All))]
public sealed class GemvKernelTests(string form) : GpuTest
{
    private static readonly IReadOnlyList<WeightType> ChunkSizes = TestWeights.ChunkSizes;

    private static readonly WeightType[] Blocks = [.. Enum.GetValues<WeightType>().Where(WeightLayout.IsQuantized)];

    private KernelContext Context => GemvForms.Context(Device, form);

    [Test]
    public void Multiplies_every_weight_type([Values] WeightType type) => Multiply(Context, type, 111, 4096, norm: true);

    [Test]
    public void Multiplies_every_shape(
        [ValueSource(nameof(ChunkSizes))] WeightType type, [Values] bool norm,
        [Values("1x32", "33x64", "31x96", "111x128", "65x4096", "9x9280", "4096x160")] string shape)
    {
        var (rows, columns) = Parse(shape);
        Multiply(Context, type, rows, columns, norm);
    }

    [Test]
    public void Stays_close_to_the_unrounded_input([ValueSource(nameof(Blocks))] WeightType type)
    {
        using var w = PackedWeights.Random(Device, type, 111, 4096, 8);
        using var input = new GemvInput(Device, 4096, norm: true, 9);
        using var y = new GuardedBuffer(Device, 111 * sizeof(float));
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Store, input.Norm));
        Comparison.AssertClose(y.Read<float>(), w.Multiply(input.Expected()), Bounds.FixedPoint);
    }

    [TestCase(WeightType.F32, 1)]
    [TestCase(WeightType.F16, 111)]
    [TestCase(WeightType.BF16, 65)]
    public void Pads_columns_that_are_no_whole_chunks(WeightType type, int columns) => Multiply(Context, type, 17, columns, norm: true);

    [Test]
    public void Accumulates()
    {
        using var w = PackedWeights.Random(Device, WeightType.F16, 111, 128, 5);
        using var input = new GemvInput(Device, 128, norm: false, 6);
        var before = Buffers.Random(7, 111);
        using var y = new GuardedBuffer(Device, 111 * sizeof(float));
        y.Write<float>(before);
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Accumulate));
        double[] expected = [.. w.Multiply(input.Expected()).Zip(before, (product, old) => product + old)];
        Comparison.AssertClose(y.Read<float>(), expected, Bounds.F32);
    }

    [Test]
    public void Adds_a_bias_before_the_activation([Values] ActivationFunction activation, [Values] GemvMode mode)
    {
        using var w = PackedWeights.Random(Device, WeightType.F16, 111, 128, 5);
        using var input = new GemvInput(Device, 128, norm: true, 6);
        var before = Buffers.Random(7, 111);
        var bias = Buffers.Random(8, 111);
        using var terms = Buffers.Create<float>(Device, bias, "bias");
        using var y = new GuardedBuffer(Device, 111 * sizeof(float));
        y.Write<float>(before);
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, mode, input.Norm, terms, activation));
        double[] expected =
        [
            .. w.Multiply(input.Expected()).Select((product, i) =>
                ReferenceActivation.Apply(activation, product + bias[i]) + (mode == GemvMode.Accumulate ? before[i] : 0)),
        ];
        Comparison.AssertClose(y.Read<float>(), expected, Bounds.F32);
    }

    [Test]
    public void Computes_a_layer_norm([ValueSource(nameof(ChunkSizes))] WeightType type, [Values(32, 96, 4096)] int columns)
    {
        using var w = PackedWeights.Random(Device, type, 65, columns, 5);
        using var input = new GemvInput(Device, columns, norm: true, 6);
        var bias = Buffers.Random(8, 65);
        var (norm, terms) = input.LayerNorm(w, bias);
        using var y = new GuardedBuffer(Device, 65 * sizeof(float));
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Store, norm, terms));
        double[] expected = [.. w.Multiply(input.ExpectedOfLayerNorm()).Select((product, i) => product + bias[i])];
        Comparison.AssertClose(y.Read<float>(), expected, GemvForms.BoundOf(type));
    }

    [Test]
    public void Takes_matrices_larger_than_a_binding_in_slices(
        [Values(WeightType.F16, WeightType.Q4_0, WeightType.Q5_0, WeightType.Q6_K)] WeightType type)
    {
        var rowBytes = WeightLayout.QuantBytes(type, 1, 256);
        var narrow = Context with { Capabilities = Context.Capabilities with { MaxStorageBufferRange = 150 * rowBytes } };
        Multiply(narrow, type, 333, 256, norm: true);
        Gated(narrow, type, 333, 256, ActivationFunction.Silu, biased: true);
    }

    [Test]
    public void Gates_every_weight_type_by_silu([Values] WeightType type) =>
        Gated(Context, type, 111, 96, ActivationFunction.Silu, biased: false);

    [Test]
    public void Gates_by_silu([ValueSource(nameof(ChunkSizes))] WeightType type, [Values(1, 31, 512)] int width) =>
        Gated(Context, type, width, 96, ActivationFunction.Silu, biased: false);

    [Test]
    public void Gates_by_other_functions(
        [Values(ActivationFunction.Silu, ActivationFunction.Gelu, ActivationFunction.Relu)] ActivationFunction activation, [Values] bool biased) =>
        Gated(Context, WeightType.F16, 111, 96, activation, biased);

    [Test]
    public void Refuses_views_that_are_too_short()
    {
        using var w = PackedWeights.Random(Device, WeightType.F32, 8, 100, 1);
        using var x = Device.CreateBuffer(100 * sizeof(float), BufferKind.DeviceLocal, "x without padding");
        using var y = Device.CreateBuffer(8 * sizeof(float), BufferKind.DeviceLocal, "y");
        var kernel = new GemvKernel(Context);
        Run(commands => Assert.That(
            () => kernel.Record(commands, w.Matrix, x, y, GemvMode.Store),
            Throws.ArgumentException.With.Message.Contains("512 bytes, got 400")));
    }

    private static (int Rows, int Columns) Parse(string shape)
    {
        var parts = shape.Split('x');
        return (int.Parse(parts[0]), int.Parse(parts[1]));
    }

    private static void Multiply(KernelContext context, WeightType type, int rows, int columns, bool norm)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        using var w = PackedWeights.Random(Device, type, rows, columns, 1);
        using var input = new GemvInput(Device, columns, norm, 2);
        using var y = new GuardedBuffer(Device, rows * sizeof(float));
        Run(commands => new GemvKernel(context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Store, input.Norm));
        Comparison.AssertClose(y.Read<float>(), w.Multiply(GemvForms.AsStaged(context, type, input.Expected())), GemvForms.BoundOf(type));
    }

    private static void Gated(KernelContext context, WeightType type, int width, int columns, ActivationFunction activation, bool biased)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        var bias = biased ? Buffers.Random(9, 2 * width) : new float[2 * width];
        using var terms = Buffers.Create<float>(Device, bias, "bias");
        using var w = PackedWeights.Random(Device, type, 2 * width, columns, 3);
        using var input = new GemvInput(Device, columns, norm: true, 4);
        using var y = new GuardedBuffer(Device, width * sizeof(float));
        Run(commands => new GemvKernel(context).RecordGated(
            commands, w.Matrix, input.X, input.Norm, y.View, activation, biased ? (BufferView)terms : null));
        double[] products = [.. w.Multiply(GemvForms.AsStaged(context, type, input.Expected())).Select((product, i) => product + bias[i])];
        double[] expected = [.. Enumerable.Range(0, width).Select(i => ReferenceActivation.Apply(activation, products[i]) * products[width + i])];
        Comparison.AssertClose(y.Read<float>(), expected, GemvForms.BoundOf(type));
    }
}
