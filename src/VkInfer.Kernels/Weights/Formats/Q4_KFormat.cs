namespace VkInfer.Kernels;

/// <summary>
/// Q4_K: 16 bytes of scales, then 32 bytes for each 64 weights, half of them in the lower nibbles. On the device: 16 bytes per 32
/// weights, as in Q4_0; <see cref="SubBlockScales"/>.
/// </summary>
internal sealed class Q4_KFormat : BlockFormat
{
    public static Q4_KFormat Instance { get; } = new()
    {
        Name = "q4_k",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 144,
        QuantBytes = 128,
        ScaleBytes = SubBlockScales.Bytes,
        SyntheticScales = SubBlockScales.Synthetic(SyntheticStep(16), 7.5),
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        SubBlockScales.Pack(block, scales[(SubBlockScales.Bytes * index)..]);
        Span<byte> to = quants.Slice(128 * index, 128);
        for (int pair = 0; pair < 4; pair++)
        {
            Quads.PackNibbles(block.Slice(16 + (32 * pair), 32), to[(32 * pair)..], to[((32 * pair) + 16)..]);
        }
    }
}
