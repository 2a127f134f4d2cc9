namespace VkInfer.Kernels;

/// <summary>
/// IQ2_S: a half, 32 bytes of indices, 32 of signs, eight of upper bits of indices, eight of two scales. On the device: for each 32 weights
/// indices and signs; five words, the scales, the upper bits and the half as float32.
/// </summary>
internal sealed class IQ2_SFormat : BlockFormat
{
    /// <summary>Root of the mean square of the levels, over the codebook.</summary>
    private const double LevelDeviation = 24.43;

    public static IQ2_SFormat Instance { get; } = new()
    {
        Name = "iq2_s",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 82,
        QuantBytes = 64,
        ScaleBytes = 20,
        CodebookBytes = 2048,

        // Scales of 8, which stand for 17 / 8.
        SyntheticScales =
            [0x88888888, 0x88888888, null, null, BitConverter.SingleToUInt32Bits(
                (float)(SyntheticDeviation / (17.0 / 8 * LevelDeviation)))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block.Slice(74, 8).CopyTo(scales[(20 * index)..]);
        block.Slice(66, 8).CopyTo(scales[((20 * index) + 8)..]);
        WriteAsFloat(block, scales[((20 * index) + 16)..]);
        for (int chunk = 0; chunk < 8; chunk++)
        {
            block.Slice(2 + (4 * chunk), 4).CopyTo(quants[((64 * index) + (8 * chunk))..]);
            block.Slice(34 + (4 * chunk), 4).CopyTo(quants[((64 * index) + (8 * chunk) + 4)..]);
        }
    }
}
