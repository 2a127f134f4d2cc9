using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 elements in 18 bytes: scale d as binary16, then 16 bytes of which byte i holds element i in its low and element i + 16 in its high
/// half, each a number q from 0 to 15; x = d · (q - 8).
/// </summary>
internal static class Q4_0Block
{
    public const int Size = 32;
    public const int Bytes = 18;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size / 2; i++)
            {
                values[i] = ((bytes[2 + i] & 15) - 8) * scale;
                values[i + (Size / 2)] = ((bytes[2 + i] >> 4) - 8) * scale;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);

            // The element that is largest in size becomes -8, whichever its sign: the range has one more step there.
            float largest = 0f;
            foreach (float value in values)
            {
                largest = MathF.Abs(value) > MathF.Abs(largest) ? value : largest;
            }

            float scale = BlockScale.OrZero(largest) / -8;
            float inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)scale);
            for (int i = 0; i < Size / 2; i++)
            {
                bytes[2 + i] = (byte)(Quantize(values[i]) | (Quantize(values[i + (Size / 2)]) << 4));
            }

            int Quantize(float value) => Math.Min(15, (int)((value * inverse) + 8.5f));
        }
    }
}
