namespace VkInfer.Kernels;

/// <summary>
/// MXFP4: an exponent, then 16 bytes of nibbles, stored as Q4_0's are. On the device: the nibbles; the exponents, four to a word.
/// </summary>
internal sealed class MXFP4Format : BlockFormat
{
    public static MXFP4Format Instance { get; } = new()
    {
        Name = "mxfp4",
        ElementsPerChunk = 32,
        BlockSize = 32,
        BlockBytes = 17,
        QuantBytes = 32,
        ScaleBytes = 2,

        // Three of four blocks with 2^-8, the others with half of that.
        SyntheticScales = [0x78787877],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        scales[index] = block[0];
        block[1..].CopyTo(quants[(16 * index)..]);
    }
}
