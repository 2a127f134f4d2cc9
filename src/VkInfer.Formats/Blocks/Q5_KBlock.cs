namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 176 bytes: d and dmin as binary16, 12 bytes of <see cref="SubBlockScales"/>, 32 bytes of fifth bits (element i is
/// bit i / 32 of byte i % 32), then the low bits as in <see cref="Q4_KBlock"/>; x = d · s · q - dmin · m.
/// </summary>
internal static class Q5_KBlock
{
    public const int Size = 256;
    public const int Bytes = 176;

    private const int MaxQuant = 31;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            ReadOnlySpan<byte> high = bytes.Slice(16, 32);
            ReadOnlySpan<byte> low = bytes.Slice(48, 128);
            for (int i = 0; i < Size; i++)
            {
                (float scale, float minimum) = SubBlockScales.Read(bytes, i / 32);
                int quant = ((low[(i / 64 * 32) + (i % 32)] >> (i % 64 / 32 * 4)) & 15) | (((high[i % 32] >> (i / 32)) & 1) << 4);
                values[i] = (scale * quant) - minimum;
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
            bytes.Slice(16, 32).Clear();
            for (int i = 0; i < Size; i++)
            {
                bytes[16 + (i % 32)] |= (byte)((quants[i] >> 4) << (i / 32));
            }

            for (int i = 0; i < 128; i++)
            {
                int element = (i / 32 * 64) + (i % 32);
                bytes[48 + i] = (byte)((quants[element] & 15) | (quants[element + 32] << 4));
            }
        }
    }
}
