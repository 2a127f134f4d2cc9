namespace VkInfer.Kernels;

/// <summary>
/// Q5_K: 16 bytes of scales, 32 bytes of fifth bits, then the low nibbles as in Q4_K. On the device: 16 bytes of low nibbles per 32
/// weights, then 4 bytes of fifth bits for each; <see cref="SubBlockScales"/>.
/// </summary>
internal sealed class Q5_KFormat : BlockFormat
{
    public static Q5_KFormat Instance { get; } = new()
    {
        Name = "q5_k",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 176,
        QuantBytes = 160,
        ScaleBytes = SubBlockScales.Bytes,
        SyntheticScales = SubBlockScales.Synthetic(SyntheticStep(32), 15.5),
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        SubBlockScales.Pack(block, scales[(SubBlockScales.Bytes * index)..]);
        Span<byte> to = quants.Slice(160 * index, 160);
        for (int pair = 0; pair < 4; pair++)
        {
            Quads.PackNibbles(block.Slice(48 + (32 * pair), 32), to[(32 * pair)..], to[((32 * pair) + 16)..]);
        }

        for (int chunk = 0; chunk < 8; chunk++)
        {
            Quads.PackBits(block.Slice(16, 32), chunk, to[(128 + (4 * chunk))..]);
        }
    }
}
