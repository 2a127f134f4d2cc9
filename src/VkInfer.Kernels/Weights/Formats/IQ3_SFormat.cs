namespace VkInfer.Kernels;

/// <summary>
/// IQ3_S: a half, 64 bytes of indices, eight of ninth bits, 32 of signs, four of two scales. On the device: indices and signs; a 16-byte
/// word, the ninth bits, the scales and the half as float32.
/// </summary>
internal sealed class IQ3_SFormat : BlockFormat
{
    /// <summary>Root of the mean square of the levels, over the codebook.</summary>
    private const double LevelDeviation = 7.594;

    public static IQ3_SFormat Instance { get; } = new()
    {
        Name = "iq3_s",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 110,
        QuantBytes = 96,
        ScaleBytes = 16,
        CodebookBytes = 1024,

        // Scales of 8, which stand for 17.
        SyntheticScales = [null, null, 0x88888888, BitConverter.SingleToUInt32Bits((float)(SyntheticDeviation / (17 * LevelDeviation)))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block.Slice(66, 8).CopyTo(scales[(16 * index)..]);
        block.Slice(106, 4).CopyTo(scales[((16 * index) + 8)..]);
        WriteAsFloat(block, scales[((16 * index) + 12)..]);
        block.Slice(2, 64).CopyTo(quants[(96 * index)..]);
        block.Slice(74, 32).CopyTo(quants[((96 * index) + 64)..]);
    }
}
