namespace VkInfer.Kernels;

/// <summary>
/// TQ2_0: 2-bit numbers as in Q2_K, then a half. On the device four blocks of Q2_0 with equal scales: the kernels are that format's.
/// </summary>
internal sealed class TQ2_0Format : BlockFormat
{
    public static TQ2_0Format Instance { get; } = new()
    {
        Name = "q2_0",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 66,
        QuantBytes = 64,
        ScaleBytes = 8,
        SyntheticScales = [Q2_0Format.SyntheticTernary, Q2_0Format.SyntheticTernary],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        for (int chunk = 0; chunk < 8; chunk++)
        {
            Quads.PackPairs(block.Slice(chunk / 4 * 32, 32), chunk % 4 * 2, quants[((64 * index) + (8 * chunk))..]);
        }

        for (int i = 0; i < 4; i++)
        {
            block[64..].CopyTo(scales[((8 * index) + (2 * i))..]);
        }
    }
}
