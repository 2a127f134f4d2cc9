namespace VkInfer.Kernels;

/// <summary>
/// IQ4_XS: a half, eight 6-bit scales in a 16-bit word of upper and a 32-bit word of lower bits, then 128 bytes of nibbles. On the
/// device: the nibbles; the other eight bytes as they are.
/// </summary>
internal sealed class IQ4_XSFormat : BlockFormat
{
    public static IQ4_XSFormat Instance { get; } = new()
    {
        Name = "iq4_xs",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 136,
        QuantBytes = 128,
        ScaleBytes = 8,

        // Scales of 48 - 32 = 16 in every part.
        SyntheticScales = [Halves(SyntheticDeviation / IQ4_NLFormat.LevelDeviation / 16, 0) | 0xFFFF0000, 0],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..8].CopyTo(scales[(8 * index)..]);
        block[8..].CopyTo(quants[(128 * index)..]);
    }
}
