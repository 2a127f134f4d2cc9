using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 66 bytes: 64 bytes of 2-bit numbers q as in <see cref="Q2_KBlock"/>, then d as binary16; x = d · (q - 1).
/// </summary>
internal static class TQ2_0Block
{
    public const int Size = 256;
    public const int Bytes = 66;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[64..]);
            for (int i = 0; i < Size; i++)
            {
                values[i] = (((bytes[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3) - 1) * d;
            }
        }
    }
}
