using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 54 bytes, each a digit t from 0 to 2 of a fraction in base 3: 48 bytes of five digits (32 bytes with the elements e, e +
/// 32, … of the first 160, then 16 with e, e + 16, … of the next 80), 4 bytes of four (e, e + 4, …), then d as binary16; x = d · (t - 1).
/// </summary>
internal static class TQ1_0Block
{
    public const int Size = 256;
    public const int Bytes = 54;

    private static ReadOnlySpan<byte> Powers => [1, 3, 9, 27, 81];

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[52..]);
            for (int i = 0; i < Size; i++)
            {
                values[i] = (Digit(bytes, i) - 1) * d;
            }
        }
    }

    /// <summary>The digit of an element. A byte b stands for b / 256, whose n-th digit after the point it is.</summary>
    public static int Digit(ReadOnlySpan<byte> block, int element)
    {
        (int at, int digit) = element switch
        {
            < 160 => (element % 32, element / 32),
            < 240 => (32 + ((element - 160) % 16), (element - 160) / 16),
            _ => (48 + ((element - 240) % 4), (element - 240) / 4),
        };
        return ((block[at] * Powers[digit]) & 255) * 3 >> 8;
    }
}
