using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 32 numbers from 0 to 31 in 20 bytes: a word of fifth bits, then bytes with the low four bits of elements i and i + 16.
/// </summary>
internal readonly ref struct FiveBits(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _low = bytes.Slice(4, 16);
    private readonly uint _high = BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    public int this[int index] => ((_low[index % 16] >> (index < 16 ? 0 : 4)) & 15) | (int)(((_high >> index) & 1) << 4);

    public static void Write(ReadOnlySpan<byte> quants, Span<byte> destination)
    {
        uint high = 0u;
        for (int i = 0; i < quants.Length; i++)
        {
            high |= (uint)(quants[i] >> 4) << i;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(destination, high);
        for (int i = 0; i < 16; i++)
        {
            destination[4 + i] = (byte)((quants[i] & 15) | (quants[i + 16] << 4));
        }
    }
}
