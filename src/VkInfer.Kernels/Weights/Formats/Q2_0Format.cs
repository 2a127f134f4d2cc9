namespace VkInfer.Kernels;

/// <summary>
/// Q2_0: a half, then 2-bit numbers, four neighbours to a byte. On the device: 8 bytes per 32 weights; the halves, two to a word.
/// </summary>
internal sealed class Q2_0Format : BlockFormat
{
    public static Q2_0Format Instance { get; } = new()
    {
        Name = "q2_0",
        ElementsPerChunk = 32,
        BlockSize = 64,
        BlockBytes = 18,
        QuantBytes = 16,
        ScaleBytes = 2,
        SyntheticScales = [SyntheticTernary],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        Span<byte> numbers = stackalloc byte[64];
        for (int i = 0; i < 64; i++)
        {
            numbers[i] = (byte)(block[2 + (i / 4)] >> (i % 4 * 2));
        }

        Quads.PackPairs(numbers[..32], 0, quants[(16 * index)..]);
        Quads.PackPairs(numbers[32..], 0, quants[((16 * index) + 8)..]);
    }

    /// <summary>Two scales of opposite signs, so that the mean of 1/2 of the numbers cancels.</summary>
    internal static uint SyntheticTernary => Halves(SyntheticDeviation / Math.Sqrt(1.5), -SyntheticDeviation / Math.Sqrt(1.5));
}
