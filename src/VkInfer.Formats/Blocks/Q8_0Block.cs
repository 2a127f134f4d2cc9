using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>32 elements in 34 bytes: scale d as binary16, then 32 signed bytes q; x = d · q.</summary>
internal static class Q8_0Block
{
    public const int Size = 32;
    public const int Bytes = 34;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size; i++)
            {
                values[i] = (sbyte)bytes[2 + i] * scale;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            float largest = 0f;
            foreach (float value in values)
            {
                largest = MathF.Max(largest, MathF.Abs(value));
            }

            float scale = BlockScale.OrZero(largest) / 127;
            float inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)scale);
            for (int i = 0; i < Size; i++)
            {
                bytes[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
            }
        }
    }
}
