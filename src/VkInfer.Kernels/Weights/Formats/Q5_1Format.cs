namespace VkInfer.Kernels;

/// <summary>
/// Q5_1: scale and minimum as halves, a word of fifth bits, then 16 bytes of low nibbles. On the device: the nibbles; per block the
/// fifth bits and a word of two halves.
/// </summary>
internal sealed class Q5_1Format : BlockFormat
{
    public static Q5_1Format Instance { get; } = new()
    {
        Name = "q5_1",
        ElementsPerChunk = 32,
        BlockSize = 32,
        BlockBytes = 24,
        QuantBytes = 32,
        ScaleBytes = 16,
        SyntheticScales = [null, Halves(SyntheticStep(32), -15.5 * SyntheticStep(32))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        Quads.PackBits(block.Slice(4, 4), scales[(8 * index)..]);
        block[..4].CopyTo(scales[((8 * index) + 4)..]);
        block[8..].CopyTo(quants[(16 * index)..]);
    }
}
