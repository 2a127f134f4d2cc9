using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 136 bytes: d as binary16, a 16-bit word with the upper two bits of eight 6-bit scales s, a 32-bit word with their
/// low halves, then each 32 elements' nibbles q as in <see cref="Q4_0Block"/>; x = d · (s - 32) · <see cref="NonLinear4.Levels"/>[q].
/// </summary>
internal static class IQ4_XSBlock
{
    public const int Size = 256;
    public const int Bytes = 136;

    private const int PartSize = 32;
    private const int ScaleZero = 32;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            ushort high = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            for (int i = 0; i < Size; i++)
            {
                int part = i / PartSize;
                int scale = (int)((low >> (4 * part)) & 15) | (((high >> (2 * part)) & 3) << 4);
                int nibble = (bytes[8 + (part * 16) + (i % 16)] >> (i % 32 / 16 * 4)) & 15;
                values[i] = d * (scale - ScaleZero) * NonLinear4.Levels[nibble];
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<float> fits = stackalloc float[Size / PartSize];
        Span<sbyte> scales = stackalloc sbyte[Size / PartSize];
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            for (int part = 0; part < fits.Length; part++)
            {
                fits[part] = NonLinearFit.Of(values.Slice(part * PartSize, PartSize));
            }

            Half d = SignedScales.Quantize(fits, ScaleZero, scales);
            (int high, uint low) = (0, 0u);
            for (int part = 0; part < scales.Length; part++)
            {
                int scale = scales[part] + ScaleZero;
                high |= scale >> 4 << (2 * part);
                low |= (uint)(scale & 15) << (4 * part);
                NonLinearFit.WriteNibbles(
                    values.Slice(part * PartSize, PartSize), (float)d * scales[part], bytes.Slice(8 + (part * PartSize / 2), PartSize / 2));
            }

            BinaryPrimitives.WriteHalfLittleEndian(bytes, d);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)high);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], low);
        }
    }
}
