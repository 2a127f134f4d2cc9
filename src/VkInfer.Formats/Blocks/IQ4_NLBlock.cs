using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 elements in 18 bytes: scale d as binary16, then nibbles q as in <see cref="Q4_0Block"/>; x = d · <see cref="NonLinear4.Levels"/>[q].
/// </summary>
internal static class IQ4_NLBlock
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
                values[i] = NonLinear4.Levels[bytes[2 + i] & 15] * scale;
                values[i + (Size / 2)] = NonLinear4.Levels[bytes[2 + i] >> 4] * scale;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            var scale = (Half)NonLinearFit.Of(values);
            BinaryPrimitives.WriteHalfLittleEndian(bytes, scale);
            NonLinearFit.WriteNibbles(values, (float)scale, bytes[2..]);
        }
    }
}
