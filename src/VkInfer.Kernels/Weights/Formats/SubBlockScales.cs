using System.Buffers.Binary;

namespace VkInfer.Kernels;

/// <summary>
/// Repacks the 16 bytes with which blocks of Q4_K and Q5_K begin (d, dmin, eight 6-bit scales and minima) so that every sub-block finds
/// its own by the same shifts: <c>include/sub_block_scales.glsl</c> reads them. They stay as exact, and as small, as in the file.
/// </summary>
internal static class SubBlockScales
{
    public const int Bytes = 16;

    /// <summary>Four words that give <paramref name="step"/> to every scale, and to every minimum <paramref name="zero"/> steps.</summary>
    public static IReadOnlyList<uint?> Synthetic(double step, double zero) =>
    [
        BitConverter.HalfToUInt16Bits((Half)(step / 32)) | ((uint)BitConverter.HalfToUInt16Bits((Half)(step * zero / 32)) << 16),
        0, 0, 0xAAAAAAAA,
    ];

    public static void Pack(ReadOnlySpan<byte> block, Span<byte> destination)
    {
        ReadOnlySpan<byte> bytes = block.Slice(4, 12);
        uint scales = 0, minima = 0, high = 0;
        for (int i = 0; i < 8; i++)
        {
            // The file has the first four in a byte each, and the others in the halves of a byte and the bits left over.
            (int scale, int minimum) = i < 4
                ? (bytes[i] & 63, bytes[4 + i] & 63)
                : ((bytes[4 + i] & 15) | (bytes[i - 4] >> 6 << 4), (bytes[4 + i] >> 4) | (bytes[i] >> 6 << 4));
            scales |= (uint)(scale & 15) << (4 * i);
            minima |= (uint)(minimum & 15) << (4 * i);
            high |= ((uint)(scale >> 4) << (2 * i)) | ((uint)(minimum >> 4) << (16 + (2 * i)));
        }

        block[..4].CopyTo(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], scales);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], minima);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], high);
    }
}
