using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>What the device encodes has the bits of the CPU's encoder, packed.</summary>
public sealed class QuantizeKernelTests : GpuTest
{
    private static readonly WeightType[] Sources = [WeightType.F32, WeightType.F16, WeightType.BF16];
    private static readonly WeightType[] Targets = [WeightType.Q8_0, WeightType.Q4_0];

    [Test]
    public void The_bits_are_those_of_the_CPU(
        [ValueSource(nameof(Sources))] WeightType from, [ValueSource(nameof(Targets))] WeightType to, [Values(32, 64, 352)] int columns)
    {
        const int Rows = 37;
        Check(from, to, Rows, columns, TestValues.Normal(Rows * columns, seed: columns));
    }

    [Test]
    public void Weights_of_any_size_have_the_bits_of_the_CPU([ValueSource(nameof(Targets))] WeightType to)
    {
        // A block for each power of two, from subnormal numbers to scales that no half can hold; elements of either sign, some on ties.
        const int Columns = 64;
        float[] pattern = [.. TestValues.Normal(Columns, 5)];
        float[][] rows =
        [
            .. Enumerable.Range(-149, 149 + 126).Select(
                power => pattern.Select(value => (float)(Math.Clamp(value, -3, 3) / 3 * Math.Pow(2, power))).ToArray()),
            [.. Enumerable.Range(0, Columns).Select(i => 127 - (i * 0.5f))],
            [.. Enumerable.Range(0, Columns).Select(i => (i * 0.25f) - 8)],
            new float[Columns],
            [.. Enumerable.Repeat(-0f, Columns)],
            [.. Enumerable.Range(0, Columns).Select(i => i == 5 ? -1f : 1f)],
        ];
        Check(WeightType.F32, to, rows.Length, Columns, [.. rows.SelectMany(row => row)]);
    }

    [Test]
    public void Scales_across_all_binades_have_the_bits_of_the_CPU([ValueSource(nameof(Targets))] WeightType to)
    {
        // Many mantissas of the largest element: the division, its inverse and the rounding to a half.
        const int Rows = 4096;
        const int Columns = 64;
        float[] values = TestValues.Normal(Rows * Columns, 9);
        for (int row = 0; row < Rows; row++)
        {
            foreach (ref float value in values.AsSpan(row * Columns, Columns))
            {
                value *= MathF.Pow(2, (row % 40) - 30);
            }
        }

        Check(WeightType.F32, to, Rows, Columns, values);
    }

    [Test]
    public void Other_types_and_shapes_are_refused()
    {
        var context = new KernelContext(Device);
        using GpuBuffer buffer = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "any");
        WeightMatrix Matrix(WeightType type, int rows, int columns) => WeightMatrix.FromPacked(type, rows, columns, buffer);
        Run(commands => Assert.Multiple(() =>
        {
            var kernel = new QuantizeKernel(context);
            Assert.That(
                () => kernel.Record(commands, Matrix(WeightType.Q4_0, 2, 64), Matrix(WeightType.Q8_0, 4, 64), 0), Throws.ArgumentException);
            Assert.That(
                () => kernel.Record(commands, Matrix(WeightType.F32, 2, 64), Matrix(WeightType.Q8_0, 4, 96), 0), Throws.ArgumentException);
            Assert.That(
                () => kernel.Record(commands, Matrix(WeightType.F32, 2, 64), Matrix(WeightType.Q8_0, 4, 64), 3), Throws.ArgumentException);
        }));
    }

    private static void Check(WeightType from, WeightType to, int rows, int columns, float[] values)
    {
        const int FirstRow = 3;
        byte[] stored = Store(from, values);
        (byte[] quants, byte[] scales) = Expected(from, to, stored, rows, columns);
        using GpuBuffer source = Device.CreateBuffer(WeightLayout.SizeInBytes(from, rows, columns), BufferKind.DeviceLocal, "source");
        byte[] packed = new byte[WeightLayout.QuantBytes(from, rows, columns)];
        WeightLayout.Pack(from, stored, rows, columns, packed, []);
        Device.Upload(source, 0, packed);
        using var target = new GuardedBuffer(Device, WeightLayout.SizeInBytes(to, FirstRow + rows, columns), "target");
        WeightMatrix matrix = WeightMatrix.FromPacked(to, FirstRow + rows, columns, target.View);
        Run(commands => new QuantizeKernel(new KernelContext(Device)).Record(
            commands, WeightMatrix.FromPacked(from, rows, columns, source), matrix, FirstRow));
        target.AssertIntact();
        byte[] actualQuants = Buffers.Read<byte>(Device, matrix.Quants)[(int)(FirstRow * WeightLayout.QuantBytes(to, 1, columns))..];
        byte[] actualScales = Buffers.Read<byte>(Device, matrix.Scales)[(int)(FirstRow * WeightLayout.ScaleBytes(to, 1, columns))..];
        Assert.That(actualScales.AsSpan().SequenceEqual(scales), "scales");
        Assert.That(actualQuants.AsSpan().SequenceEqual(quants), "quants");
    }

    private static byte[] Store(WeightType type, float[] values) => type switch
    {
        WeightType.F16 => MemoryMarshal.AsBytes(values.Select(value => (Half)value).ToArray().AsSpan()).ToArray(),
        WeightType.BF16 =>
            MemoryMarshal.AsBytes(values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray().AsSpan())
                .ToArray(),
        _ => MemoryMarshal.AsBytes(values.AsSpan()).ToArray(),
    };

    private static (byte[] Quants, byte[] Scales) Expected(WeightType from, WeightType to, byte[] stored, int rows, int columns)
    {
        float[] decoded = new float[rows * columns];
        Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(from.ToString()), stored, decoded);
        byte[] blocks = new byte[rows * WeightLayout.SourceRowBytes(to, columns)];
        Quantizer.FromFloat32(Enum.Parse<GgufTensorType>(to.ToString()), decoded, blocks);
        byte[] quants = new byte[WeightLayout.QuantBytes(to, rows, columns)];
        byte[] scales = new byte[WeightLayout.ScaleBytes(to, rows, columns)];
        WeightLayout.Pack(to, blocks, rows, columns, quants, scales);
        return (quants, scales);
    }
}
