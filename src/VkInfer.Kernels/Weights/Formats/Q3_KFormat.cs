namespace VkInfer.Kernels;

/// <summary>
/// Q3_K: 32 bytes of third bits, 64 bytes of low bits, 12 bytes of 6-bit scales, d. On the device: 64 bytes of low bits and 32 of third
/// bits; five words, the scales as signed bytes and d as a float.
/// </summary>
internal sealed class Q3_KFormat : BlockFormat
{
    public static Q3_KFormat Instance { get; } = new()
    {
        Name = "q3_k",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 110,
        QuantBytes = 96,
        ScaleBytes = 20,

        // Scales of 16 and -16, so that the mean of -1/2 of the quants cancels.
        SyntheticScales =
            [0xF010F010, 0xF010F010, 0xF010F010, 0xF010F010, BitConverter.SingleToUInt32Bits((float)(SyntheticStep(8) / 16))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        ReadOnlySpan<byte> packed = block.Slice(96, 12);
        for (int i = 0; i < 16; i++)
        {
            // The low half lies in byte i % 8, the upper two bits in byte 8 + i % 4.
            int scale = ((packed[i % 8] >> (i / 8 * 4)) & 15) | (((packed[8 + (i % 4)] >> (i / 4 * 2)) & 3) << 4);
            scales[(20 * index) + i] = (byte)(sbyte)(scale - 32);
        }

        WriteAsFloat(block[108..], scales[((20 * index) + 16)..]);
        Span<byte> to = quants.Slice(96 * index, 96);
        for (int chunk = 0; chunk < 8; chunk++)
        {
            Quads.PackPairs(block.Slice(32 + (chunk / 4 * 32), 32), chunk % 4 * 2, to[(8 * chunk)..]);
            Quads.PackBits(block[..32], chunk, to[(64 + (4 * chunk))..]);
        }
    }
}
