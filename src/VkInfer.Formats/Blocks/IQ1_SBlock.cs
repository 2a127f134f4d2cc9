using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 50 bytes: d as binary16, 32 bytes with the lower eight bits of indices into <see cref="Codebooks.IQ1"/>, then for each
/// 32 elements a 16-bit word of four times the upper three, a 3-bit scale s and in the highest bit whether the shift is negative;
/// x = d · (2 s + 1) · (level ± 1/8).
/// </summary>
internal static class IQ1_SBlock
{
    public const int Size = 256;
    public const int Bytes = 50;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size / 8; i++)
            {
                int word = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(34 + (i / 4 * 2))..]);
                int index = bytes[2 + i] | (((word >> (i % 4 * 3)) & 7) << 8);
                IQ1_MBlock.Write(index, d * ((2 * ((word >> 12) & 7)) + 1), word >> 15 != 0, values.Slice(8 * i, 8));
            }
        }
    }
}
