namespace VkInfer.Kernels;

/// <summary>
/// IQ3_XXS: a half, 64 bytes of indices, a word of signs and scale per 32 weights. On the device: the bytes and the words; the halves, two
/// to a word.
/// </summary>
internal sealed class IQ3_XXSFormat : BlockFormat
{
    /// <summary>Root of the mean square of the levels, over the codebook.</summary>
    private const double LevelDeviation = 30.85;

    public static IQ3_XXSFormat Instance { get; } = new()
    {
        Name = "iq3_xxs",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 98,
        QuantBytes = 96,
        ScaleBytes = 2,
        CodebookBytes = 512,

        // Scales lie among the quants: 9.23 is the root of their mean square.
        SyntheticScales = [Halves(SyntheticDeviation / (9.23 / 2 * LevelDeviation), SyntheticDeviation / (9.23 / 2 * LevelDeviation))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        block[2..].CopyTo(quants[(96 * index)..]);
    }
}
