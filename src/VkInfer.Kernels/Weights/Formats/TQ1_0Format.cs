namespace VkInfer.Kernels;

/// <summary>
/// TQ1_0: digits of base 3, five or four to a byte, then a half. On the device four blocks of Q2_0 with equal scales: the kernels are that
/// format's.
/// </summary>
internal sealed class TQ1_0Format : BlockFormat
{
    public static TQ1_0Format Instance { get; } = new()
    {
        Name = "q2_0",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 54,
        QuantBytes = 64,
        ScaleBytes = 8,
        SyntheticScales = [Q2_0Format.SyntheticTernary, Q2_0Format.SyntheticTernary],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        // A byte b stands for the fraction b / 256, whose digits after the point are of weights a run apart.
        Span<byte> digits = stackalloc byte[256];
        Read(block[..32], 5, digits);
        Read(block.Slice(32, 16), 5, digits[160..]);
        Read(block.Slice(48, 4), 4, digits[240..]);
        for (int chunk = 0; chunk < 8; chunk++)
        {
            Quads.PackPairs(digits.Slice(32 * chunk, 32), 0, quants[((64 * index) + (8 * chunk))..]);
        }

        for (int i = 0; i < 4; i++)
        {
            block[52..].CopyTo(scales[((8 * index) + (2 * i))..]);
        }
    }

    private static void Read(ReadOnlySpan<byte> bytes, int count, Span<byte> digits)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            int fraction = bytes[i];
            for (int digit = 0; digit < count; digit++)
            {
                digits[(digit * bytes.Length) + i] = (byte)(fraction * 3 >> 8);
                fraction = fraction * 3 & 255;
            }
        }
    }
}
