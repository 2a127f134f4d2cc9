using System.Buffers.Binary;

namespace VkInfer.Kernels;

/// <summary>Formats whose blocks are split into quants and scales.</summary>
internal abstract class BlockFormat : WeightFormat
{
    /// <summary>Standard deviation of synthetic weights.</summary>
    protected const double SyntheticDeviation = 0.02;

    /// <summary>
    /// The words of a group's scales that give random quants a standard deviation near 0.02; null where quants lie among the scales.
    /// </summary>
    public required IReadOnlyList<uint?> SyntheticScales { get; init; }

    public override void PackRow(ReadOnlySpan<byte> source, Span<byte> quants, Span<byte> scales, float tensorScale)
    {
        // Scales of zero make the padding's weights zero, whatever its quants.
        quants.Clear();
        scales.Clear();
        for (int i = 0; i < source.Length / BlockBytes; i++)
        {
            PackBlock(source.Slice(i * BlockBytes, BlockBytes), i, quants, scales);
        }
    }

    /// <summary>Packs the row's block of a number into the row's quants and scales, which are zero there.</summary>
    protected abstract void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales);

    /// <summary>The scale that gives uniform whole numbers, so many in all, the synthetic deviation.</summary>
    protected static double SyntheticStep(int levels) => SyntheticDeviation / Math.Sqrt(((double)levels * levels - 1) / 12);

    /// <summary>A word of two halves.</summary>
    protected static uint Halves(double low, double high) =>
        BitConverter.HalfToUInt16Bits((Half)low) | ((uint)BitConverter.HalfToUInt16Bits((Half)high) << 16);

    /// <summary>A half widened to the word of a float.</summary>
    protected static void WriteAsFloat(ReadOnlySpan<byte> half, Span<byte> destination) =>
        BinaryPrimitives.WriteSingleLittleEndian(destination, (float)BinaryPrimitives.ReadHalfLittleEndian(half));
}
