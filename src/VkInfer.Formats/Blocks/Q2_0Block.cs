using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 64 elements in 18 bytes: d as binary16, then 2-bit numbers q, four neighbours to a byte from the low bits up; x = d · (q - 1).
/// </summary>
internal static class Q2_0Block
{
    public const int Size = 64;
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
                values[i] = (((bytes[2 + (i / 4)] >> (i % 4 * 2)) & 3) - 1) * d;
            }
        }
    }
}
