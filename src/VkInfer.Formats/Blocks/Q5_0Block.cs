using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 elements in 22 bytes: scale d as binary16, a word whose bit i is the fifth bit of element i, then 16 bytes of which byte i holds
/// the low four bits of element i in its low and those of element i + 16 in its high half; each a number q from 0 to 31;
/// x = d · (q - 16).
/// </summary>
internal static class Q5_0Block
{
    public const int Size = 32;
    public const int Bytes = 22;

    private const int Zero = 16;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            var quants = new FiveBits(bytes[2..]);
            for (int i = 0; i < Size; i++)
            {
                values[i] = (quants[i] - Zero) * scale;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<byte> quants = stackalloc byte[Size];
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);

            // The element that is largest in size becomes -16, whichever its sign: the range has one more step there.
            float largest = 0f;
            foreach (float value in values)
            {
                largest = MathF.Abs(value) > MathF.Abs(largest) ? value : largest;
            }

            float scale = largest / -Zero;
            float inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)scale);
            for (int i = 0; i < Size; i++)
            {
                quants[i] = (byte)Math.Min(31, (int)((values[i] * inverse) + Zero + 0.5f));
            }

            FiveBits.Write(quants, bytes[2..]);
        }
    }
}
