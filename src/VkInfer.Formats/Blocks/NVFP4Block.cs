namespace VkInfer.Formats.Blocks;

/// <summary>
/// 64 elements in 36 bytes: four scales (E4M3 without a sign; all bits set is 0), then for each 16 elements eight bytes of which byte i
/// holds element i in its low and element i + 8 in its high half, each a number of E2M1; x = scale / 2 · <see cref="Float4.Levels"/>. A
/// tensor has one more scale, of its own, in another tensor of the file.
/// </summary>
internal static class NVFP4Block
{
    public const int Size = 64;
    public const int Bytes = 36;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            for (int i = 0; i < Size; i++)
            {
                int nibble = (bytes[4 + (i / 16 * 8) + (i % 8)] >> (i % 16 / 8 * 4)) & 15;
                values[i] = Float4.Levels[nibble] * Scale(bytes[i / 16]);
            }
        }
    }

    /// <summary>
    /// Half of what E4M3 says, since the levels are doubled. The highest bit counts for nothing but in the number that is 0.
    /// </summary>
    public static float Scale(byte bits)
    {
        (int exponent, int mantissa) = ((bits >> 3) & 15, bits & 7);
        return bits == 0x7F ? 0 : (exponent == 0 ? mantissa : (8 + mantissa) << (exponent - 1)) / 1024f;
    }
}
