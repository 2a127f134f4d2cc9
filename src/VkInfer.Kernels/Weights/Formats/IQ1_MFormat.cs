using System.Buffers.Binary;

namespace VkInfer.Kernels;

/// <summary>
/// IQ1_M: 32 bytes of indices, 16 of their upper bits and shifts, four words of four 3-bit scales and a quarter of a half. On the device:
/// the 48 bytes; two words, each with eight scales and one byte of the half.
/// </summary>
internal sealed class IQ1_MFormat : BlockFormat
{
    /// <summary>Root of the mean square of eight times level ± 1/8, over the codebook.</summary>
    private const double LevelDeviation = 6.247;

    public static IQ1_MFormat Instance { get; } = new()
    {
        Name = "iq1_m",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 56,
        QuantBytes = 48,
        ScaleBytes = 8,
        CodebookBytes = 4096,

        // Scales of 3, which stand for 7.
        SyntheticScales = Synthetic,
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block[..48].CopyTo(quants[(48 * index)..]);
        for (int half = 0; half < 2; half++)
        {
            (uint low, uint high) = (Word(block, 2 * half), Word(block, (2 * half) + 1));
            uint scale = (low >> 12) | (high >> 12 << 4);
            BinaryPrimitives.WriteUInt32LittleEndian(
                scales[((8 * index) + (4 * half))..], (low & 0xFFF) | ((high & 0xFFF) << 12) | (scale << 24));
        }
    }

    /// <summary>Two words that give every part the synthetic deviation.</summary>
    internal static IReadOnlyList<uint?> Synthetic
    {
        get
        {
            uint d = Halves(SyntheticDeviation / (7.0 / 8 * LevelDeviation), 0);
            return [0x6DB6DB | (d << 24), 0x6DB6DB | (d >> 8 << 24)];
        }
    }

    private static uint Word(ReadOnlySpan<byte> block, int index) => BinaryPrimitives.ReadUInt16LittleEndian(block[(48 + (2 * index))..]);
}
