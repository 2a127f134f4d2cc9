using System.Runtime.InteropServices;

namespace VkInfer.Kernels;

/// <summary>
/// A vector in 16-bit fixed point with a scale and a sum for each block of 32, as <c>include/fixed_point.glsl</c> stores it: the upper
/// bytes, the lower ones, then (scale, sum).
/// </summary>
internal static class FixedPointVector
{
    /// <summary>Elements that share a scale.</summary>
    public const int Block = 32;

    private const float Largest = (256 * 127) + 127;

    public static long SizeInBytes(int columns)
    {
        long padded = WeightLayout.PadColumns(columns);
        return (2 * padded) + (padded / Block * 8);
    }

    /// <summary>Encodes a vector, padded with zeros.</summary>
    public static byte[] Encode(ReadOnlySpan<float> values)
    {
        int padded = WeightLayout.PadColumns(values.Length);
        byte[] bytes = new byte[SizeInBytes(values.Length)];
        Span<float> blocks = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(2 * padded));
        for (int first = 0; first < values.Length; first += Block)
        {
            ReadOnlySpan<float> block = values[first..Math.Min(first + Block, values.Length)];
            float largest = 0f;
            foreach (float value in block)
            {
                largest = Math.Max(largest, Math.Abs(value));
            }

            int sum = 0;
            for (int i = 0; i < block.Length && largest > 0; i++)
            {
                int number = (int)MathF.Round(block[i] * (Largest / largest));
                int high = (number + 128) >> 8;
                bytes[first + i] = (byte)high;
                bytes[padded + first + i] = (byte)(number - (high << 8));
                sum += number;
            }

            blocks[2 * (first / Block)] = largest / Largest;
            blocks[(2 * (first / Block)) + 1] = BitConverter.Int32BitsToSingle(sum);
        }

        return bytes;
    }

    /// <summary>What an encoded vector stands for.</summary>
    public static double[] Decode(ReadOnlySpan<byte> bytes, int columns)
    {
        int padded = WeightLayout.PadColumns(columns);
        ReadOnlySpan<float> blocks = MemoryMarshal.Cast<byte, float>(bytes[(2 * padded)..]);
        double[] values = new double[columns];
        for (int i = 0; i < columns; i++)
        {
            values[i] = ((256 * (sbyte)bytes[i]) + (sbyte)bytes[padded + i]) * (double)blocks[2 * (i / Block)];
        }

        return values;
    }
}
