namespace VkInfer.Kernels;

/// <summary>Q8_0: 32 signed bytes and a half. On the device: the bytes; the halves, two to a word.</summary>
internal sealed class Q8_0Format : BlockFormat
{
    public static Q8_0Format Instance { get; } = new()
    {
        Name = "q8_0",
        ElementsPerChunk = 16,
        BlockSize = 32,
        BlockBytes = 34,
        QuantBytes = 64,
        ScaleBytes = 4,
        SyntheticScales = [Halves(SyntheticStep(256), SyntheticStep(256))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        block[2..].CopyTo(quants[(32 * index)..]);
    }
}
