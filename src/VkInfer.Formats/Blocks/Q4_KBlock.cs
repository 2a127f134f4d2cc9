namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 144 bytes: d and dmin as binary16, 12 bytes of <see cref="SubBlockScales"/>, 128 bytes of nibbles q;
/// x = d · s · q - dmin · m. Each 64 elements have 32 bytes; byte e holds their element e in its low and e + 32 in its high half.
/// </summary>
internal static class Q4_KBlock
{
    public const int Size = 256;
    public const int Bytes = 144;

    private const int MaxQuant = 15;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            ReadOnlySpan<byte> quants = bytes.Slice(16, 128);
            for (int i = 0; i < Size; i++)
            {
                (float scale, float minimum) = SubBlockScales.Read(bytes, i / 32);
                values[i] = (scale * ((quants[(i / 64 * 32) + (i % 32)] >> (i % 64 / 32 * 4)) & 15)) - minimum;
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<byte> quants = stackalloc byte[Size];
        for (int block = 0; block < source.Length / Size; block++)
        {
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            SubBlockScales.Quantize(source.Slice(block * Size, Size), MaxQuant, bytes, quants);
            for (int i = 0; i < 128; i++)
            {
                int element = (i / 32 * 64) + (i % 32);
                bytes[16 + i] = (byte)(quants[element] | (quants[element + 32] << 4));
            }
        }
    }
}
