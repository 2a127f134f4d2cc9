namespace VkInfer.Kernels;

/// <summary>IQ4_NL: a half, then 16 bytes of nibbles, stored as Q4_0's are.</summary>
internal sealed class IQ4_NLFormat : BlockFormat
{
    /// <summary>Standard deviation of the sixteen levels.</summary>
    public const double LevelDeviation = 67.18;

    public static IQ4_NLFormat Instance { get; } = new()
    {
        Name = "iq4_nl",
        ElementsPerChunk = 32,
        BlockSize = 32,
        BlockBytes = 18,
        QuantBytes = 32,
        ScaleBytes = 4,
        SyntheticScales = [Halves(SyntheticDeviation / LevelDeviation, SyntheticDeviation / LevelDeviation)],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        block[2..].CopyTo(quants[(16 * index)..]);
    }
}
