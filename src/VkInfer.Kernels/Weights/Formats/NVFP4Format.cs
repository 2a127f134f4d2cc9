using System.Buffers.Binary;

namespace VkInfer.Kernels;

/// <summary>
/// NVFP4: four scales, then for each 16 weights eight bytes, neighbours of eight in the halves of a byte. On the device: the nibbles of 32
/// weights as Q4_0's; for 64 weights two words, the scales and the tensor's own as float32.
/// </summary>
internal sealed class NVFP4Format : BlockFormat
{
    /// <summary>Standard deviation of the sixteen doubled levels.</summary>
    private const double LevelDeviation = 5.852;

    /// <summary>The scale that would be no number of E4M3.</summary>
    private const byte Nothing = 0x7F;

    public static NVFP4Format Instance { get; } = new()
    {
        Name = "nvfp4",
        ElementsPerChunk = 32,
        BlockSize = 64,
        BlockBytes = 36,
        QuantBytes = 32,
        ScaleBytes = 8,
        SyntheticScales = [0x38383838, BitConverter.SingleToUInt32Bits((float)(SyntheticDeviation / (LevelDeviation / 2)))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        for (int i = 0; i < 4; i++)
        {
            scales[(8 * index) + i] = (byte)(block[i] == Nothing ? 0 : block[i] & 0x7F);
        }

        for (int chunk = 0; chunk < 2; chunk++)
        {
            ReadOnlySpan<byte> from = block.Slice(4 + (16 * chunk), 16);
            Span<byte> to = quants.Slice((32 * index) + (16 * chunk), 16);
            for (int i = 0; i < 8; i++)
            {
                to[i] = (byte)((from[i] & 15) | (from[8 + i] << 4));
                to[8 + i] = (byte)((from[i] >> 4) | (from[8 + i] & 0xF0));
            }
        }
    }

    public override void PackRow(ReadOnlySpan<byte> source, Span<byte> quants, Span<byte> scales, float tensorScale)
    {
        base.PackRow(source, quants, scales, tensorScale);
        for (int at = 4; at < scales.Length; at += 8)
        {
            BinaryPrimitives.WriteSingleLittleEndian(scales[at..], tensorScale);
        }
    }
}
