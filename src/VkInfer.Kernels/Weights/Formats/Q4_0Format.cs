namespace VkInfer.Kernels;

/// <summary>Q4_0: a half, then 16 bytes of nibbles. On the device: the nibbles; the halves, two to a word.</summary>
internal sealed class Q4_0Format : BlockFormat
{
    public static Q4_0Format Instance { get; } = new()
    {
        Name = "q4_0",
        ElementsPerChunk = 32,
        BlockSize = 32,
        BlockBytes = 18,
        QuantBytes = 32,
        ScaleBytes = 4,
        SyntheticScales = [Halves(SyntheticStep(16), SyntheticStep(16))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        block[2..].CopyTo(quants[(16 * index)..]);
    }
}
