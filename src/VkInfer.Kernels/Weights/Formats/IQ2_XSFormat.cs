namespace VkInfer.Kernels;

/// <summary>
/// IQ2_XS: a half, 64 bytes of indices and signs, eight bytes of two scales. On the device: the 64 bytes; three words, the scales and the
/// half as float32.
/// </summary>
internal sealed class IQ2_XSFormat : BlockFormat
{
    /// <summary>Root of the mean square of the levels, over the codebook.</summary>
    private const double LevelDeviation = 24.22;

    public static IQ2_XSFormat Instance { get; } = new()
    {
        Name = "iq2_xs",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 74,
        QuantBytes = 64,
        ScaleBytes = 12,
        CodebookBytes = 1024,

        // Scales of 8, which stand for 17 / 8.
        SyntheticScales = [
            0x88888888, 0x88888888, BitConverter.SingleToUInt32Bits((float)(SyntheticDeviation / (17.0 / 8 * LevelDeviation)))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block.Slice(66, 8).CopyTo(scales[(12 * index)..]);
        WriteAsFloat(block, scales[((12 * index) + 8)..]);
        block.Slice(2, 64).CopyTo(quants[(64 * index)..]);
    }
}
