using System.Buffers.Binary;
using VkInfer.Formats;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// Seeded random weights as a GGUF file stores them, and their values as the CPU decodes them, which stored vectors prove bit for bit.
/// </summary>
internal sealed class TestWeights
{
    private TestWeights(WeightType type, int rows, int columns, byte[] source)
    {
        (Type, Rows, Columns, Source) = (type, rows, columns, source);
        var decoded = new float[rows * columns];
        Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(type.ToString()), source, decoded);
        Values = Array.ConvertAll(decoded, value => (double)value);
    }

    /// <summary>
    /// A format for each number of weights in a chunk, which is all that the products' loops know of a format. What need not be run for
    /// every format is run for these.
    /// </summary>
    public static IReadOnlyList<WeightType> ChunkSizes { get; } = [WeightType.F32, WeightType.F16, WeightType.Q8_0, WeightType.Q4_0];

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public byte[] Source { get; }

    /// <summary>[Rows][Columns].</summary>
    public double[] Values { get; }

    public static TestWeights Create(WeightType type, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var source = new byte[WeightLayout.SourceRowBytes(type, columns) * rows];
        for (var at = 0; at < source.Length; at += BlockBytes(type))
        {
            Fill(type, random, source.AsSpan(at, BlockBytes(type)));
        }

        return new TestWeights(type, rows, columns, source);
    }

    /// <summary>Weights that a file stores as these bytes.</summary>
    public static TestWeights Of(WeightType type, int rows, int columns, byte[] source) => new(type, rows, columns, source);

    /// <summary>The next number of columns that is whole blocks of the format.</summary>
    public static int WholeBlocks(WeightType type, int columns)
    {
        var size = WeightLayout.BlockSize(type);
        return (columns + size - 1) / size * size;
    }

    /// <summary>The layout on the device.</summary>
    public byte[] Pack()
    {
        var packed = new byte[WeightLayout.SizeInBytes(Type, Rows, Columns)];
        var quantBytes = (int)WeightLayout.QuantBytes(Type, Rows, Columns);
        var scales = WeightLayout.IsQuantized(Type) ? packed.AsSpan((int)WeightLayout.ScalesOffset(Type, Rows, Columns)) : default;
        WeightLayout.Pack(Type, Source, Rows, Columns, packed.AsSpan(0, quantBytes), scales);
        return packed;
    }

    /// <summary>Packs the weights into a buffer of the device.</summary>
    public WeightMatrix Upload(KernelHarness harness) => WeightMatrix.FromPacked(Type, Rows, Columns, harness.Upload<byte>(Pack()));

    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static int BlockBytes(WeightType type) => (int)WeightLayout.SourceRowBytes(type, WeightLayout.BlockSize(type));

    private static void Fill(WeightType type, Random random, Span<byte> block)
    {
        switch (type)
        {
            case WeightType.F32:
                BinaryPrimitives.WriteSingleLittleEndian(block, (float)Normal(random));
                break;
            case WeightType.F16:
                BinaryPrimitives.WriteHalfLittleEndian(block, (Half)Normal(random));
                break;
            case WeightType.BF16:
                BinaryPrimitives.WriteUInt16LittleEndian(block, (ushort)(BitConverter.SingleToUInt32Bits((float)Normal(random)) >> 16));
                break;
            default:
                // Any bits are quants and small scales; only the halves need to be of some size.
                random.NextBytes(block);
                foreach (var (offset, value) in Halves(type))
                {
                    BinaryPrimitives.WriteHalfLittleEndian(block[offset..], (Half)(value * (1 + random.NextDouble())));
                }

                break;
        }
    }

    // Where a block holds halves, and what makes its weights a few tenths; minima are about the mean of the quants.
    private static (int Offset, double Value)[] Halves(WeightType type) => type switch
    {
        WeightType.Q8_0 => [(0, 0.01)],
        WeightType.Q4_0 => [(0, 0.1)],
        WeightType.Q4_1 => [(0, 0.1), (2, -0.75)],
        WeightType.Q5_0 => [(0, 0.05)],
        WeightType.Q5_1 => [(0, 0.05), (2, -0.75)],
        WeightType.Q2_K => [(80, 0.02), (82, 0.03)],
        WeightType.Q3_K => [(108, 0.005)],
        WeightType.Q4_K => [(0, 0.001), (2, 0.0075)],
        WeightType.Q5_K => [(0, 0.0005), (2, 0.0075)],
        WeightType.Q6_K => [(208, 0.0002)],
        WeightType.IQ4_NL => [(0, 0.002)],
        WeightType.IQ4_XS => [(0, 0.0001)],
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no block format"),
    };
}
