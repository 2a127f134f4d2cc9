using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 elements in 24 bytes: scale d and minimum m as binary16, then the fifth bits and low bits as in <see cref="Q5_0Block"/>, each
/// element a number q from 0 to 31; x = d · q + m.
/// </summary>
internal static class Q5_1Block
{
    public const int Size = 32;
    public const int Bytes = 24;

    private const int MaxQuant = 31;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            float minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[2..]);
            var quants = new FiveBits(bytes[4..]);
            for (int i = 0; i < Size; i++)
            {
                values[i] = (quants[i] * scale) + minimum;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<byte> quants = stackalloc byte[Size];
        for (int block = 0; block < source.Length / Size; block++)
        {
            var range = new ValueRange(source.Slice(block * Size, Size), MaxQuant);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            range.WriteScaleAndMinimum(bytes);
            for (int i = 0; i < Size; i++)
            {
                quants[i] = (byte)range.Quantize(i);
            }

            FiveBits.Write(quants, bytes[4..]);
        }
    }
}
