using System.Buffers.Binary;

namespace VkInfer.Kernels;

/// <summary>
/// IQ1_S: a half, 32 bytes of indices, a word per 32 weights of upper bits, a 3-bit scale and the shift. On the device a block of IQ1_M,
/// which has a scale for each 16 weights and a shift for each 8: the kernels are that format's.
/// </summary>
internal sealed class IQ1_SFormat : BlockFormat
{
    public static IQ1_SFormat Instance { get; } = new()
    {
        Name = "iq1_m",
        ElementsPerChunk = 32,
        BlockSize = 256,
        BlockBytes = 50,
        QuantBytes = 48,
        ScaleBytes = 8,
        CodebookBytes = 4096,
        SyntheticScales = IQ1_MFormat.Synthetic,
    };

    protected override void PackBlock(ReadOnlySpan<byte> block, int index, Span<byte> quants, Span<byte> scales)
    {
        block.Slice(2, 32).CopyTo(quants[(48 * index)..]);
        Span<uint> words = [(uint)block[0] << 24, (uint)block[1] << 24];
        for (int chunk = 0; chunk < 8; chunk++)
        {
            uint bits = BinaryPrimitives.ReadUInt16LittleEndian(block[(34 + (2 * chunk))..]);
            uint shift = bits >> 15;
            uint high = 0;
            for (int i = 0; i < 4; i++)
            {
                high |= (((bits >> (3 * i)) & 7) | (shift << 3)) << (4 * i);
            }

            uint scale = (bits >> 12) & 7;
            words[chunk / 4] |= (scale | (scale << 3)) << (chunk % 4 * 6);
            BinaryPrimitives.WriteUInt16LittleEndian(quants[((48 * index) + 32 + (2 * chunk))..], (ushort)high);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(scales[(8 * index)..], words[0]);
        BinaryPrimitives.WriteUInt32LittleEndian(scales[((8 * index) + 4)..], words[1]);
    }
}
