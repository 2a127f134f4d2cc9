namespace VkInfer.Kernels;

/// <summary>
/// Q4_1: scale and minimum as halves, then 16 bytes of nibbles. On the device: the nibbles; a word of two halves per block.
/// </summary>
internal sealed class Q4_1Format : BlockFormat
{
    public static Q4_1Format Instance { get; } = new()
    {
        Name = "q4_1",
        ElementsPerChunk = 32,
        BlockSize = 32,
        BlockBytes = 20,
        QuantBytes = 32,
        ScaleBytes = 8,
        SyntheticScales = [Halves(SyntheticStep(16), -7.5 * SyntheticStep(16))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..4].CopyTo(scales[(4 * index)..]);
        block[4..].CopyTo(quants[(16 * index)..]);
    }
}
