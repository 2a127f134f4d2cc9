using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 elements in 20 bytes: scale d and minimum m as binary16, then 16 bytes of which byte i holds element i in its low and element
/// i + 16 in its high half, each a number q from 0 to 15; x = d · q + m.
/// </summary>
internal static class Q4_1Block
{
    public const int Size = 32;
    public const int Bytes = 20;

    private const int MaxQuant = 15;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[2..]);
            for (int i = 0; i < Size / 2; i++)
            {
                values[i] = ((bytes[4 + i] & 15) * scale) + minimum;
                values[i + (Size / 2)] = ((bytes[4 + i] >> 4) * scale) + minimum;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int block = 0; block < source.Length / Size; block++)
        {
            var range = new ValueRange(source.Slice(block * Size, Size), MaxQuant);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            range.WriteScaleAndMinimum(bytes);
            for (int i = 0; i < Size / 2; i++)
            {
                bytes[4 + i] = (byte)(range.Quantize(i) | (range.Quantize(i + (Size / 2)) << 4));
            }
        }
    }
}
