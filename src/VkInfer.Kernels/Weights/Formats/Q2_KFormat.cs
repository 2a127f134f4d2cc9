namespace VkInfer.Kernels;

/// <summary>
/// Q2_K: 16 bytes of scales and minima, 64 bytes of 2-bit numbers, d and dmin. On the device: 8 bytes per 32 weights; five words, the
/// 16 bytes and the two halves.
/// </summary>
internal sealed class Q2_KFormat : BlockFormat
{
    public static Q2_KFormat Instance { get; } = new()
    {
        Name = "q2_k",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 84,
        QuantBytes = 64,
        ScaleBytes = 20,

        // Scales of 8, minima of 12.
        SyntheticScales = [0xC8C8C8C8, 0xC8C8C8C8, 0xC8C8C8C8, 0xC8C8C8C8, Halves(SyntheticStep(4) / 8, SyntheticStep(4) / 8)],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..16].CopyTo(scales[(20 * index)..]);
        block.Slice(80, 4).CopyTo(scales[((20 * index) + 16)..]);
        for (int chunk = 0; chunk < 8; chunk++)
        {
            Quads.PackPairs(block.Slice(16 + (chunk / 4 * 32), 32), chunk % 4 * 2, quants[((64 * index) + (8 * chunk))..]);
        }
    }
}
