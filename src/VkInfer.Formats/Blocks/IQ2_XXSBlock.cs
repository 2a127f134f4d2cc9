using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 66 bytes: d as binary16, then for each 32 elements four bytes that index <see cref="Codebooks.IQ2_XXS"/> and a 32-bit
/// word of four times seven signs (<see cref="Codebooks.EvenSigns"/>) and a 4-bit scale s; x = d · (s + 1/2) / 4 · ± level.
/// </summary>
internal static class IQ2_XXSBlock
{
    public const int Size = 256;
    public const int Bytes = 66;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            for (int part = 0; part < Size / 32; part++)
            {
                ReadOnlySpan<byte> indices = bytes.Slice(2 + (8 * part), 4);
                uint signs = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(6 + (8 * part))..]);
                float scale = d * (0.5f + (signs >> 28)) * 0.25f;
                for (int i = 0; i < 4; i++)
                {
                    Codebooks.Write(
                        Codebooks.IQ2_XXS.Slice(8 * indices[i], 8), scale, Codebooks.EvenSigns((signs >> (7 * i)) & 127),
                        values.Slice((32 * part) + (8 * i), 8));
                }
            }
        }
    }
}
