namespace VkInfer.Kernels.Tests;

/// <summary>Seeded random weights as a GGUF file stores them, and their values in double precision.</summary>
internal sealed class TestWeights
{
    private TestWeights(WeightType type, int rows, int columns, byte[] source, double[] values)
    {
        (Type, Rows, Columns, Source, Values) = (type, rows, columns, source, values);
    }

    public WeightType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public byte[] Source { get; }

    /// <summary>[Rows][Columns].</summary>
    public double[] Values { get; }

    public static TestWeights Create(WeightType type, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var values = new double[rows * columns];
        var source = new List<byte>();
        for (var i = 0; i < values.Length;)
        {
            switch (type)
            {
                case WeightType.F32:
                    var single = (float)Normal(random);
                    source.AddRange(BitConverter.GetBytes(single));
                    values[i++] = single;
                    break;
                case WeightType.F16:
                    var half = (Half)Normal(random);
                    source.AddRange(BitConverter.GetBytes(half));
                    values[i++] = (double)half;
                    break;
                case WeightType.BF16:
                    var upper = BitConverter.SingleToUInt32Bits((float)Normal(random)) >> 16;
                    source.AddRange(BitConverter.GetBytes((ushort)upper));
                    values[i++] = BitConverter.UInt32BitsToSingle(upper << 16);
                    break;
                default:
                    AddBlock(type, random, source, values.AsSpan(i, 32));
                    i += 32;
                    break;
            }
        }

        return new TestWeights(type, rows, columns, [.. source], values);
    }

    /// <summary>Packs the weights into a buffer of the device.</summary>
    public WeightMatrix Upload(KernelHarness harness)
    {
        var packed = new byte[WeightLayout.SizeInBytes(Type, Rows, Columns)];
        var quantBytes = (int)WeightLayout.QuantBytes(Type, Rows, Columns);
        var scales = packed.AsSpan(
            WeightLayout.IsQuantized(Type) ? (int)WeightLayout.ScalesOffset(Type, Rows, Columns) : quantBytes,
            (int)WeightLayout.ScaleBytes(Type, Rows, Columns));
        WeightLayout.Pack(Type, Source, Rows, Columns, packed.AsSpan(0, quantBytes), scales);
        return WeightMatrix.FromPacked(Type, Rows, Columns, harness.Upload<byte>(packed));
    }

    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static void AddBlock(WeightType type, Random random, List<byte> source, Span<double> values)
    {
        var scale = (Half)(0.01 + (0.02 * random.NextDouble()));
        source.AddRange(BitConverter.GetBytes(scale));
        var bytes = new byte[type == WeightType.Q8_0 ? 32 : 16];
        random.NextBytes(bytes);
        source.AddRange(bytes);
        for (var j = 0; j < bytes.Length; j++)
        {
            if (type == WeightType.Q8_0)
            {
                values[j] = (double)scale * (sbyte)bytes[j];
            }
            else
            {
                values[j] = (double)scale * ((bytes[j] & 15) - 8);
                values[j + 16] = (double)scale * ((bytes[j] >> 4) - 8);
            }
        }
    }
}
