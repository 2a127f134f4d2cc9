using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 82 bytes: d as binary16, 32 bytes with the lower eight bits of indices into <see cref="Codebooks.IQ2_S"/>, 32 bytes of
/// signs, 8 with the indices' upper two bits, then a 4-bit scale s for each 16 elements; x = d · (s + 1/2) / 4 · ± level.
/// </summary>
internal static class IQ2_SBlock
{
    public const int Size = 256;
    public const int Bytes = 82;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size / 8; i++)
            {
                int index = bytes[2 + i] | (((bytes[66 + (i / 4)] >> (i % 4 * 2)) & 3) << 8);
                int s = (bytes[74 + (i / 4)] >> (i % 4 / 2 * 4)) & 15;
                Codebooks.Write(Codebooks.IQ2_S.Slice(8 * index, 8), d * (0.5f + s) * 0.25f, bytes[34 + i], values.Slice(8 * i, 8));
            }
        }
    }
}
