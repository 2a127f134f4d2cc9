using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Seeded random weights: packed on the device, and the values that the stored bits stand for.</summary>
internal sealed class PackedWeights : IDisposable
{
    private readonly GpuBuffer _buffer;

    private PackedWeights(GpuDevice device, WeightType type, int rows, int columns, byte[] source, double[] values)
    {
        Values = values;
        var packed = new byte[WeightLayout.SizeInBytes(type, rows, columns)];
        var quantBytes = (int)WeightLayout.QuantBytes(type, rows, columns);
        var scales = WeightLayout.IsQuantized(type) ? packed.AsSpan((int)WeightLayout.ScalesOffset(type, rows, columns)) : default;
        WeightLayout.Pack(type, source, rows, columns, packed.AsSpan(0, quantBytes), scales);
        _buffer = device.CreateBuffer(packed.Length, BufferKind.DeviceLocal, $"{type} [{rows}, {columns}]");
        device.Upload(_buffer, 0, packed);
        Matrix = WeightMatrix.FromPacked(type, rows, columns, _buffer);
    }

    public WeightMatrix Matrix { get; }

    /// <summary>[rows, columns], unpadded.</summary>
    public double[] Values { get; }

    public static PackedWeights Random(GpuDevice device, WeightType type, int rows, int columns, int seed)
    {
        var random = Buffers.Random(seed, rows * columns);
        var values = new double[rows * columns];
        var source = new byte[WeightLayout.SourceRowBytes(type, columns) * rows];
        switch (type)
        {
            case WeightType.F32:
                random.CopyTo(MemoryMarshal.Cast<byte, float>(source.AsSpan()));
                Array.Copy(random, values, values.Length);
                break;
            case WeightType.F16:
                for (var i = 0; i < values.Length; i++)
                {
                    var half = (Half)random[i];
                    BinaryPrimitives.WriteHalfLittleEndian(source.AsSpan(2 * i), half);
                    values[i] = (double)half;
                }

                break;
            case WeightType.BF16:
                for (var i = 0; i < values.Length; i++)
                {
                    var upper = BitConverter.SingleToUInt32Bits(random[i]) >> 16;
                    BinaryPrimitives.WriteUInt16LittleEndian(source.AsSpan(2 * i), (ushort)upper);
                    values[i] = BitConverter.UInt32BitsToSingle(upper << 16);
                }

                break;
            default:
                FillBlocks(type, random, source, values);
                break;
        }

        return new PackedWeights(device, type, rows, columns, source, values);
    }

    /// <summary>W x in double precision.</summary>
    public double[] Multiply(ReadOnlySpan<double> x)
    {
        var result = new double[Matrix.Rows];
        for (var row = 0; row < result.Length; row++)
        {
            for (var column = 0; column < Matrix.Columns; column++)
            {
                result[row] += Values[(row * Matrix.Columns) + column] * x[column];
            }
        }

        return result;
    }

    public void Dispose() => _buffer.Dispose();

    // Blocks as the GGUF specification describes them, with quants over their whole range and a scale per block.
    private static void FillBlocks(WeightType type, float[] random, Span<byte> source, double[] values)
    {
        var quantBytes = type == WeightType.Q8_0 ? 32 : 16;
        for (var block = 0; block < values.Length / 32; block++)
        {
            var bytes = source.Slice(block * (2 + quantBytes), 2 + quantBytes);
            var scale = (Half)((1.5f + random[block * 32]) / 64);
            BinaryPrimitives.WriteHalfLittleEndian(bytes, scale);
            for (var i = 0; i < 32; i++)
            {
                var at = (block * 32) + i;
                if (type == WeightType.Q8_0)
                {
                    var quant = (sbyte)Math.Clamp(MathF.Round(random[at] * 128), -128, 127);
                    bytes[2 + i] = (byte)quant;
                    values[at] = quant * (double)scale;
                }
                else
                {
                    var nibble = Math.Clamp((int)((random[at] + 1) * 8), 0, 15);
                    bytes[2 + (i % 16)] |= (byte)(nibble << (i < 16 ? 0 : 4));
                    values[at] = (nibble - 8) * (double)scale;
                }
            }
        }
    }
}
