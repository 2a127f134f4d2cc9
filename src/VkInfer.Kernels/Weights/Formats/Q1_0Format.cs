namespace VkInfer.Kernels;

/// <summary>
/// Q1_0: a half, then a bit for each weight. On the device: 4 bytes per 32 weights; the halves, two to a word.
/// </summary>
internal sealed class Q1_0Format : BlockFormat
{
    public static Q1_0Format Instance { get; } = new()
    {
        Name = "q1_0",
        ElementsPerChunk = 32,
        BlockSize = 128,
        BlockBytes = 18,
        QuantBytes = 16,
        ScaleBytes = 2,
        SyntheticScales = [Halves(SyntheticDeviation, SyntheticDeviation)],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        for (int chunk = 0; chunk < 4; chunk++)
        {
            Quads.PackBits(block.Slice(2 + (4 * chunk), 4), quants[((16 * index) + (4 * chunk))..]);
        }
    }
}
