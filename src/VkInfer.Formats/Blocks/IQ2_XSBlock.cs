using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 74 bytes: d as binary16, 32 16-bit words of an index into <see cref="Codebooks.IQ2_XS"/> (9 bits) and seven signs
/// (<see cref="Codebooks.EvenSigns"/>), then a 4-bit scale s for each 16 elements; x = d · (s + 1/2) / 4 · ± level.
/// </summary>
internal static class IQ2_XSBlock
{
    public const int Size = 256;
    public const int Bytes = 74;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size / 8; i++)
            {
                int word = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 + (2 * i))..]);
                int s = (bytes[66 + (i / 4)] >> (i % 4 / 2 * 4)) & 15;
                Codebooks.Write(
                    Codebooks.IQ2_XS.Slice(8 * (word & 511), 8), d * (0.5f + s) * 0.25f, Codebooks.EvenSigns((uint)word >> 9),
                    values.Slice(8 * i, 8));
            }
        }
    }
}
