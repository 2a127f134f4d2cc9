using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 56 bytes: 32 bytes with the lower eight bits of indices into <see cref="Codebooks.IQ1"/>, 16 bytes with, for each 8
/// elements, the upper three and whether the shift is negative, then four 16-bit words: in the low 12 bits a 3-bit scale s for each 16
/// elements, in the highest four a quarter of d as binary16; x = d · (2 s + 1) · (level ± 1/8).
/// </summary>
internal static class IQ1_MBlock
{
    public const int Size = 256;
    public const int Bytes = 56;

    private const float Shift = 0.125f;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)ReadScale(bytes);
            for (int i = 0; i < Size / 8; i++)
            {
                int high = bytes[32 + (i / 2)] >> (i % 2 * 4);
                int s = (BinaryPrimitives.ReadUInt16LittleEndian(bytes[(48 + (i / 8 * 2))..]) >> (i % 8 / 2 * 3)) & 7;
                Write(bytes[i] | ((high & 7) << 8), d * ((2 * s) + 1), (high & 8) != 0, values.Slice(8 * i, 8));
            }
        }
    }

    /// <summary>d, whose quarters lie apart.</summary>
    public static Half ReadScale(ReadOnlySpan<byte> block)
    {
        int bits = 0;
        for (int i = 0; i < 4; i++)
        {
            bits |= block[49 + (2 * i)] >> 4 << (4 * i);
        }

        return BitConverter.UInt16BitsToHalf((ushort)bits);
    }

    /// <summary>Decodes eight elements.</summary>
    public static void Write(int index, float scale, bool isBelow, Span<float> values)
    {
        ReadOnlySpan<sbyte> levels = Codebooks.IQ1.Slice(8 * index, 8);
        for (int i = 0; i < 8; i++)
        {
            values[i] = scale * (levels[i] + (isBelow ? -Shift : Shift));
        }
    }
}
