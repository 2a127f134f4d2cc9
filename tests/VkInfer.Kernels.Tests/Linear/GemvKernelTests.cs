using System.Runtime.InteropServices;
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
        (int rows, int columns) = Parse(shape);
        Multiply(Context, type, rows, columns, norm);
    }

    /// <summary>Rows of gpt-oss: whole blocks of 32 and of 64, of none larger.</summary>
    [Test]
    public void Multiplies_rows_of_2880(
        [Values(WeightType.Q8_0, WeightType.Q5_0, WeightType.MXFP4, WeightType.NVFP4, WeightType.Q2_0)] WeightType type) =>
        Multiply(Context, type, 65, 2880, norm: true);

    [Test]
    public void Stays_close_to_the_unrounded_input([ValueSource(nameof(Blocks))] WeightType type)
    {
        using var w = PackedWeights.Random(Device, type, 111, 4096, 8);
        using var input = new GemvInput(Context, type, 4096, norm: true, 9);
        using var y = new GuardedBuffer(Device, 111 * sizeof(float));
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Store));
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
        using var input = new GemvInput(Context, WeightType.F16, 128, norm: false, 6);
        float[] before = Buffers.Random(7, 111);
        using var y = new GuardedBuffer(Device, 111 * sizeof(float));
        y.Write<float>(before);
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Accumulate));
        double[] expected = [.. w.Multiply(input.Expected()).Zip(before, (product, old) => product + old)];
        Comparison.AssertClose(y.Read<float>(), expected, Bounds.F32);
    }

    [Test]
    public void Adds_a_bias_before_the_activation(
        [Values(
            ActivationFunction.None, ActivationFunction.Silu, ActivationFunction.Gelu, ActivationFunction.Relu,
            ActivationFunction.ReluSquared)]
        ActivationFunction activation, [Values] GemvMode mode)
    {
        using var w = PackedWeights.Random(Device, WeightType.F16, 111, 128, 5);
        using var input = new GemvInput(Context, WeightType.F16, 128, norm: true, 6);
        float[] before = Buffers.Random(7, 111);
        float[] bias = Buffers.Random(8, 111);
        using GpuBuffer terms = Buffers.Create<float>(Device, bias, "bias");
        using var y = new GuardedBuffer(Device, 111 * sizeof(float));
        y.Write<float>(before);
        Run(commands => new GemvKernel(Context).Record(commands, w.Matrix, input.X, y.View, mode, terms, activation));
        double[] expected =
        [
            .. w.Multiply(input.Expected()).Select((product, i) =>
                ReferenceActivation.Apply(activation, product + bias[i]) + (mode == GemvMode.Accumulate ? before[i] : 0)),
        ];
        Comparison.AssertClose(y.Read<float>(), expected, Bounds.F32);
    }

    [Test]
    public void Leaves_the_residual_stream_as_the_next_product_takes_it(
        [ValueSource(nameof(ChunkSizes))] WeightType type, [Values] VectorForm form, [Values] bool norm,
        [Values(1, 32, 111, 4096)] int rows)
    {
        if (form == VectorForm.Fixed && GemvHeuristic.Form(WeightType.Q8_0, GemvForms.Context(Device, GemvForms.IntegerDot)) != form)
        {
            Assert.Ignore("the device has no integer dot products");
        }

        if (form == VectorForm.Fixed && Context.IsSoftware)
        {
            Assert.Ignore("no product of such a device takes fixed point");
        }

        Residual(Context, type, form, norm, rows, 256);
    }

    [Test]
    public void Takes_what_the_product_before_left_however_either_is_spread(
        [Values(WeightType.F16, WeightType.Q8_0, WeightType.Q4_0, WeightType.Q6_K)] WeightType type,
        [Values("64 2 1 1", "64 1 4 1", "32 4 2 1", "64 2 2 2", "128 2 1 1")] string spread)
    {
        int[] sizes = [.. spread.Split(' ').Select(int.Parse)];
        const int Rows = 544, Columns = 768;
        VectorForm form = GemvHeuristic.Form(type, Context);
        GemvTuning tuning = Context.IsSoftware
            ? GemvHeuristic.Choose(type, Columns, Columns, form, Context)
            : GemvHeuristic.Choose(type, Columns, Columns, form, Context) with
            {
                WorkgroupSize = sizes[0],
                Rows = sizes[1],
                Unroll = sizes[2],
                Passes = sizes[3],
            };
        KernelContext tuned = Context with { Linear = LinearDataflow.Of(type, Columns, Columns, tuning) };
        using var first = PackedWeights.Random(Device, type, Columns, Columns, 1);
        using var second = PackedWeights.Random(Device, type, Rows, Columns, 2);
        using var input = new GemvInput(tuned, type, Columns, norm: false, 3);
        float[] before = Buffers.Random(7, Columns);
        float[] gains = Buffers.Random(8, Columns, 0.5f, 2);
        using GpuBuffer gain = Buffers.Create<float>(Device, gains, "gain");
        using var hidden = new GuardedBuffer(Device, Columns * sizeof(float), "hidden");
        using var next = new GuardedBuffer(Device, VectorInput.SizeInBytes(form, Columns), "next");
        using var squares = new GuardedBuffer(Device, PendingNorm.SizeInBytes(Columns), "squares");
        using var y = new GuardedBuffer(Device, Rows * sizeof(float));
        hidden.Write<float>(before);
        var kernel = new GemvKernel(tuned);
        Run(commands =>
        {
            var output = new VectorOutput(next.View, form, new NextNorm(gain, squares.View, GemvInput.Eps));
            VectorInput normed = kernel.RecordResidual(commands, first.Matrix, input.X, hidden.View, output);
            kernel.Record(commands, second.Matrix, normed, y.View, GemvMode.Store);
        });
        double[] residual = [.. first.Multiply(input.AsStored(tuned, type)).Zip(before, (product, old) => product + old)];
        double scale = 1 / Math.Sqrt((residual.Sum(value => value * value) / Columns) + GemvInput.Eps);
        double[] expected = second.Multiply([.. residual.Select((value, i) => value * gains[i] * scale)]);
        Comparison.AssertClose(y.Read<float>(), expected, form == VectorForm.Fixed ? Bounds.FixedPoint : GemvForms.BoundOf(type));
    }

    [Test]
    public void Leaves_the_residual_stream_in_slices([Values(VectorForm.Float, VectorForm.Fixed)] VectorForm form)
    {
        if (form == VectorForm.Fixed && form != GemvHeuristic.Form(WeightType.Q4_0, Context))
        {
            Assert.Ignore("no product of such a device takes fixed point");
        }

        long rowBytes = WeightLayout.QuantBytes(WeightType.Q4_0, 1, 256);
        KernelContext narrow = Context with { Capabilities = Context.Capabilities with { MaxStorageBufferRange = 150 * rowBytes } };
        Residual(narrow, WeightType.Q4_0, form, norm: true, 333, 256);
    }

    [Test]
    public void Refuses_fixed_point_for_weights_that_are_no_blocks()
    {
        using var w = PackedWeights.Random(Device, WeightType.F16, 8, 64, 1);
        using GpuBuffer x = Device.CreateBuffer(FixedPointVector.SizeInBytes(64), BufferKind.DeviceLocal, "x");
        using GpuBuffer y = Device.CreateBuffer(8 * sizeof(float), BufferKind.DeviceLocal, "y");
        Run(commands => Assert.That(
            () => new GemvKernel(Context).Record(commands, w.Matrix, new VectorInput(x, VectorForm.Fixed), y, GemvMode.Store),
            Throws.ArgumentException.With.Message.Contains("which F16 weights do not take")));
    }

    [Test]
    public void Takes_matrices_larger_than_a_binding_in_slices(
        [Values(WeightType.F16, WeightType.Q4_0, WeightType.Q5_0, WeightType.Q6_K)] WeightType type)
    {
        long rowBytes = WeightLayout.QuantBytes(type, 1, 256);
        KernelContext narrow = Context with { Capabilities = Context.Capabilities with { MaxStorageBufferRange = 150 * rowBytes } };
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
        [Values(ActivationFunction.Silu, ActivationFunction.Gelu, ActivationFunction.Relu)] ActivationFunction activation,
        [Values] bool biased) =>
        Gated(Context, WeightType.F16, 111, 96, activation, biased);

    [Test]
    public void Refuses_views_that_are_too_short()
    {
        using var w = PackedWeights.Random(Device, WeightType.F32, 8, 100, 1);
        using GpuBuffer x = Device.CreateBuffer(100 * sizeof(float), BufferKind.DeviceLocal, "x without padding");
        using GpuBuffer y = Device.CreateBuffer(8 * sizeof(float), BufferKind.DeviceLocal, "y");
        var kernel = new GemvKernel(Context);
        Run(commands => Assert.That(
            () => kernel.Record(commands, w.Matrix, new VectorInput(x), y, GemvMode.Store),
            Throws.ArgumentException.With.Message.Contains("512 bytes, got 400")));
    }

    private static (int Rows, int Columns) Parse(string shape)
    {
        string[] parts = shape.Split('x');
        return (int.Parse(parts[0]), int.Parse(parts[1]));
    }

    private static void Multiply(KernelContext context, WeightType type, int rows, int columns, bool norm)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        using var w = PackedWeights.Random(Device, type, rows, columns, 1);
        using var input = new GemvInput(context, type, columns, norm, 2);
        using var y = new GuardedBuffer(Device, rows * sizeof(float));
        Run(commands => new GemvKernel(context).Record(commands, w.Matrix, input.X, y.View, GemvMode.Store));
        Comparison.AssertClose(y.Read<float>(), w.Multiply(input.AsStored(context, type)), GemvForms.BoundOf(type));
    }

    private static void Residual(KernelContext context, WeightType type, VectorForm form, bool norm, int rows, int columns)
    {
        using var w = PackedWeights.Random(Device, type, rows, columns, 1);
        using var input = new GemvInput(context, type, columns, norm: false, 2);
        float[] before = Buffers.Random(7, rows);
        float[] gains = Buffers.Random(8, rows, 0.5f, 2);
        using GpuBuffer gain = Buffers.Create<float>(Device, gains, "gain");
        using var y = new GuardedBuffer(Device, rows * sizeof(float));
        using var next = new GuardedBuffer(Device, VectorInput.SizeInBytes(form, rows), "next");
        using var squares = new GuardedBuffer(Device, PendingNorm.SizeInBytes(rows), "squares");
        y.Write<float>(before);
        next.Write<byte>(new byte[next.View.Length]);
        var result = default(VectorInput);
        Run(commands => result = new GemvKernel(context).RecordResidual(
            commands, w.Matrix, input.X, y.View,
            new VectorOutput(next.View, form, norm ? new NextNorm(gain, squares.View, GemvInput.Eps) : null)));

        double[] expected = [.. w.Multiply(input.AsStored(context, type)).Zip(before, (product, old) => product + old)];
        double[] gained = [.. expected.Select((value, i) => norm ? value * gains[i] : value)];
        Comparison.AssertClose(y.Read<float>(), expected, GemvForms.BoundOf(type), "y");
        float[] stored = form == VectorForm.Fixed
            ? [.. FixedPointVector.Decode(next.Read<byte>(), rows).Select(value => (float)value)]
            : next.Read<float>()[..rows];
        Comparison.AssertClose(stored, gained, form == VectorForm.Fixed ? Bounds.FixedPoint : GemvForms.BoundOf(type), "next");
        if (form == VectorForm.Fixed)
        {
            // The whole of it, sums and padding included, is what the CPU makes of the same numbers.
            Assert.That(FixedPointVector.Encode(stored).Length, Is.EqualTo(next.View.Length));
            CheckSums(next.Read<byte>(), rows);
        }

        if (norm)
        {
            double sum = squares.Read<float>().Take(result.Norm!.Value.Count).Sum(value => (double)value);
            Assert.That(sum, Is.EqualTo(expected.Sum(value => value * value)).Within(1e-4).Percent, "squares");
        }
    }

    private static void CheckSums(byte[] data, int columns)
    {
        int padded = WeightLayout.PadColumns(columns);
        int[] words = [.. MemoryMarshal.Cast<byte, int>(data.AsSpan(2 * padded))];
        for (int block = 0; block < padded / FixedPointVector.Block; block++)
        {
            int sum = 0;
            for (int i = block * FixedPointVector.Block; i < (block + 1) * FixedPointVector.Block; i++)
            {
                sum += (256 * (sbyte)data[i]) + (sbyte)data[padded + i];
            }

            Assert.That(words[(2 * block) + 1], Is.EqualTo(sum), $"sum of block {block}");
        }
    }

    private static void Gated(
        KernelContext context, WeightType type, int width, int columns, ActivationFunction activation, bool biased)
    {
        columns = TestWeights.WholeBlocks(type, columns);
        float[] bias = biased ? Buffers.Random(9, 2 * width) : new float[2 * width];
        using GpuBuffer terms = Buffers.Create<float>(Device, bias, "bias");
        using var w = PackedWeights.Random(Device, type, 2 * width, columns, 3);
        using var input = new GemvInput(context, type, columns, norm: true, 4);
        double[] products = [.. w.Multiply(input.AsStored(context, type)).Select((product, i) => product + bias[i])];
        double[] expected = [
            .. Enumerable.Range(0, width).Select(i => ReferenceActivation.Apply(activation, products[i]) * products[width + i])];
        foreach (VectorForm form in input.X.Form == VectorForm.Fixed ? new[] { VectorForm.Float, VectorForm.Fixed } : [VectorForm.Float])
        {
            using var y = new GuardedBuffer(Device, VectorInput.SizeInBytes(form, width));
            y.Write<byte>(new byte[y.View.Length]);
            Run(commands => new GemvKernel(context).RecordGated(
                commands, w.Matrix, input.X, new VectorOutput(y.View, form), activation, biased ? (BufferView)terms : null));
            float[] stored = form == VectorForm.Fixed
                ? [.. FixedPointVector.Decode(y.Read<byte>(), width).Select(value => (float)value)]
                : y.Read<float>()[..width];
            Comparison.AssertClose(
                stored, expected, form == VectorForm.Fixed ? Bounds.FixedPoint : GemvForms.BoundOf(type), form.ToString());
        }
    }
}
