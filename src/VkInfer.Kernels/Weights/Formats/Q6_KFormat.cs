namespace VkInfer.Kernels;

/// <summary>
/// Q6_K: 128 bytes of low nibbles, 64 bytes of upper bits, 16 signed scales, d. On the device: for two chunks of 32 weights 16 bytes of
/// low nibbles each, then 8 bytes of upper bits each; five words, the scales and d as a float.
/// </summary>
internal sealed class Q6_KFormat : BlockFormat
{
    public static Q6_KFormat Instance { get; } = new()
    {
        Name = "q6_k",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 210,
        QuantBytes = 192,
        ScaleBytes = 20,

        // Scales of 64 and -64, so that the mean of -1/2 of the quants cancels.
        SyntheticScales =
            [0xC040C040, 0xC040C040, 0xC040C040, 0xC040C040, BitConverter.SingleToUInt32Bits((float)(SyntheticStep(64) / 64))],
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block.Slice(192, 16).CopyTo(scales[(20 * index)..]);
        WriteAsFloat(block[208..], scales[((20 * index) + 16)..]);
        for (int half = 0; half < 2; half++)
        {
            // Of 64 bytes, the first 32 hold chunks 0 and 2, the others chunks 1 and 3.
            Span<byte> to = quants.Slice((192 * index) + (96 * half), 96);
            Quads.PackNibbles(block.Slice(64 * half, 32), to, to[48..]);
            Quads.PackNibbles(block.Slice((64 * half) + 32, 32), to[16..], to[64..]);
            for (int chunk = 0; chunk < 4; chunk++)
            {
                Quads.PackPairs(block.Slice(128 + (32 * half), 32), 2 * chunk, to[((chunk / 2 * 48) + 32 + (chunk % 2 * 8))..]);
            }
        }
    }
}
