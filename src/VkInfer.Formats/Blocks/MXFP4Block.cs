namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 elements in 17 bytes: an exponent e (E8M0), then nibbles as in <see cref="Q4_0Block"/>, each a number of E2M1;
/// x = 2^(e - 128) · <see cref="Float4.Levels"/> (OCP Microscaling Formats v1.0; all 256 exponents are numbers here, as in ggml).
/// </summary>
internal static class MXFP4Block
{
    public const int Size = 32;
    public const int Bytes = 17;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            float scale = Scale(bytes[0]);
            for (int i = 0; i < Size / 2; i++)
            {
                values[i] = Float4.Levels[bytes[1 + i] & 15] * scale;
                values[i + (Size / 2)] = Float4.Levels[bytes[1 + i] >> 4] * scale;
            }
        }
    }

    /// <summary>2^(e - 128): half of what E8M0 says, since the levels are doubled.</summary>
    public static float Scale(byte exponent) =>
        BitConverter.UInt32BitsToSingle(exponent < 2 ? 0x00200000u << exponent : (uint)(exponent - 1) << 23);
}
