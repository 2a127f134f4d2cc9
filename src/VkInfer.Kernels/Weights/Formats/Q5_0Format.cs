namespace VkInfer.Kernels;

/// <summary>
/// Q5_0: a half, a word of fifth bits, then 16 bytes of low nibbles. On the device: the nibbles; for two blocks three words, the fifth
/// bits of either and both halves.
/// </summary>
internal sealed class Q5_0Format : BlockFormat
{
    public static Q5_0Format Instance { get; } = new()
    {
        Name = "q5_0",
        ElementsPerChunk = 32,
        BlockSize = 32,
        BlockBytes = 22,
        QuantBytes = 32,
        ScaleBytes = 12,
        SyntheticScales = [null, null, Halves(SyntheticStep(32), SyntheticStep(32))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        Span<byte> group = scales.Slice(index / 2 * 12, 12);
        Quads.PackBits(block.Slice(2, 4), group[(index % 2 * 4)..]);
        block[..2].CopyTo(group[(8 + (index % 2 * 2))..]);
        block[6..].CopyTo(quants[(16 * index)..]);
    }
}
