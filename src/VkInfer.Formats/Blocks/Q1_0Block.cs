using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 128 elements in 18 bytes: d as binary16, then a bit for each element, from the low bits up; x = d where it is set, else -d.
/// </summary>
internal static class Q1_0Block
{
    public const int Size = 128;
    public const int Bytes = 18;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size; i++)
            {
                values[i] = ((bytes[2 + (i / 8)] >> (i % 8)) & 1) != 0 ? d : -d;
            }
        }
    }
}
