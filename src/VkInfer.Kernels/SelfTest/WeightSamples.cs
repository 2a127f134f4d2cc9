using System.Buffers.Binary;

namespace VkInfer.Kernels;

/// <summary>Random weights as a GGUF file stores them, of every format.</summary>
internal static class WeightSamples
{
    /// <summary>The bytes of [rows, columns]; the same for a seed.</summary>
    public static byte[] Create(WeightType type, int rows, int columns, int seed)
    {
        var random = new Random(seed);
        byte[] source = new byte[WeightLayout.SourceRowBytes(type, columns) * rows];
        int blockBytes = WeightFormat.Of(type).BlockBytes;
        for (int at = 0; at < source.Length; at += blockBytes)
        {
            Fill(type, random, source.AsSpan(at, blockBytes));
        }

        return source;
    }

    /// <summary>The layout on the device of what a file stores.</summary>
    public static byte[] Pack(WeightType type, int rows, int columns, byte[] source)
    {
        byte[] packed = new byte[WeightLayout.SizeInBytes(type, rows, columns)];
        int quantBytes = (int)WeightLayout.QuantBytes(type, rows, columns);
        Span<byte> scales = WeightLayout.IsQuantized(type)
            ? packed.AsSpan((int)WeightLayout.ScalesOffset(type, rows, columns), (int)WeightLayout.ScaleBytes(type, rows, columns))
            : default;
        WeightLayout.Pack(type, source, rows, columns, packed.AsSpan(0, quantBytes), scales);
        return packed;
    }

    /// <summary>A number of the normal distribution.</summary>
    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

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
            case WeightType.MXFP4:
                random.NextBytes(block);
                block[0] = (byte)random.Next(122, 125);
                break;
            case WeightType.NVFP4:
                random.NextBytes(block);
                foreach (ref byte scale in block[..4])
                {
                    // Up to 1/4, those below 1/64 without the leading one.
                    scale = (byte)random.Next(0, 0x28);
                }

                break;
            case WeightType.IQ1_M:
                random.NextBytes(block);
                ushort half = BitConverter.HalfToUInt16Bits((Half)(0.03 * (1 + random.NextDouble())));
                for (int i = 0; i < 4; i++)
                {
                    block[49 + (2 * i)] = (byte)((block[49 + (2 * i)] & 15) | (((half >> (4 * i)) & 15) << 4));
                }

                break;
            default:
                // Any bits are quants and small scales; only the halves need to be of some size.
                random.NextBytes(block);
                foreach ((int offset, double value) in Halves(type))
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
        WeightType.TQ1_0 => [(52, 0.3)],
        WeightType.TQ2_0 => [(64, 0.3)],
        WeightType.Q1_0 or WeightType.Q2_0 => [(0, 0.3)],
        WeightType.IQ1_S => [(0, 0.03)],
        WeightType.IQ2_XXS or WeightType.IQ2_XS or WeightType.IQ2_S => [(0, 0.008)],
        WeightType.IQ3_XXS => [(0, 0.003)],
        WeightType.IQ3_S => [(0, 0.003)],
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no block format"),
    };
}
