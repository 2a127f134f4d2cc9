namespace VkInfer.Kernels;

/// <summary>
/// IQ2_XXS: a half, then two words per 32 weights. On the device: the words; the halves, two to a word.
/// </summary>
internal sealed class IQ2_XXSFormat : BlockFormat
{
    /// <summary>Root of the mean square of the levels, over the codebook.</summary>
    private const double LevelDeviation = 23.12;

    public static IQ2_XXSFormat Instance { get; } = new()
    {
        Name = "iq2_xxs",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 66,
        QuantBytes = 64,
        ScaleBytes = 2,
        CodebookBytes = 512,

        // Scales lie among the quants: 9.23 is the root of their mean square.
        SyntheticScales = [Halves(SyntheticDeviation / (9.23 / 4 * LevelDeviation), SyntheticDeviation / (9.23 / 4 * LevelDeviation))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..2].CopyTo(scales[(2 * index)..]);
        block[2..].CopyTo(quants[(64 * index)..]);
    }
}
