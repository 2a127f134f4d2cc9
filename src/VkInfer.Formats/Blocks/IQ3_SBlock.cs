using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 110 bytes: d as binary16, 64 bytes with the lower eight bits of indices into <see cref="Codebooks.IQ3_S"/>, 8 bytes with
/// the ninth, 32 bytes of signs, then a 4-bit scale s for each 32 elements; x = d · (2 s + 1) · ± level.
/// </summary>
internal static class IQ3_SBlock
{
    public const int Size = 256;
    public const int Bytes = 110;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size / 4; i++)
            {
                int index = bytes[2 + i] | (((bytes[66 + (i / 8)] >> (i % 8)) & 1) << 8);
                int s = (bytes[106 + (i / 16)] >> (i / 8 % 2 * 4)) & 15;
                Codebooks.Write(
                    Codebooks.IQ3_S.Slice(4 * index, 4), d * ((2 * s) + 1), bytes[74 + (i / 2)] >> (i % 2 * 4), values.Slice(4 * i, 4));
            }
        }
    }
}
