using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 98 bytes: d as binary16, 64 bytes that index <see cref="Codebooks.IQ3_XXS"/>, then for each 32 elements a 32-bit word of
/// four times seven signs (<see cref="Codebooks.EvenSigns"/>) and a 4-bit scale s; x = d · (s + 1/2) / 2 · ± level.
/// </summary>
internal static class IQ3_XXSBlock
{
    public const int Size = 256;
    public const int Bytes = 98;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int i = 0; i < Size / 4; i++)
            {
                uint word = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(66 + (i / 8 * 4))..]);
                int signs = Codebooks.EvenSigns((word >> (i % 8 / 2 * 7)) & 127);
                float scale = d * (0.5f + (word >> 28)) * 0.5f;
                Codebooks.Write(Codebooks.IQ3_XXS.Slice(4 * bytes[2 + i], 4), scale, signs >> (i % 2 * 4), values.Slice(4 * i, 4));
            }
        }
    }
}
