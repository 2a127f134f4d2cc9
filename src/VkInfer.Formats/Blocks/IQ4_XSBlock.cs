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

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (var block = 0; block < destination.Length / Size; block++)
        {
            var bytes = source.Slice(block * Bytes, Bytes);
            var values = destination.Slice(block * Size, Size);
            var d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
            var high = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            for (var i = 0; i < Size; i++)
            {
                var part = i / 32;
                var scale = (int)((low >> (4 * part)) & 15) | (((high >> (2 * part)) & 3) << 4);
                var nibble = (bytes[8 + (part * 16) + (i % 16)] >> (i % 32 / 16 * 4)) & 15;
                values[i] = d * (scale - 32) * NonLinear4.Levels[nibble];
            }
        }
    }
}
