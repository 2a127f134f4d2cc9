using System.Buffers.Binary;

namespace VkInfer.Loading;

/// <summary>
/// Where small unsigned integers of [outputs, inputs] stand in 32-bit words, of which each holds neighbours along one of the two.
/// </summary>
/// <param name="Bits">Bits of a number: 4 or 8.</param>
/// <param name="IsAlongOutputs">Whether neighbours in a word are outputs.</param>
/// <param name="OutputStride">Words from an output, or a word's worth of them, to the next.</param>
/// <param name="InputStride">The same for inputs.</param>
/// <param name="Order">In which order neighbours stand in a word, if not from the low bits up: the place of each.</param>
internal sealed record Packing(int Bits, bool IsAlongOutputs, int OutputStride, int InputStride, int[]? Order = null)
{
    /// <summary>AWQ's order of eight nibbles.</summary>
    public static int[] Interleaved { get; } = [0, 4, 1, 5, 2, 6, 3, 7];

    /// <summary>Numbers in a word.</summary>
    public int PerWord => 32 / Bits;

    /// <summary>One number.</summary>
    public int Read(ReadOnlySpan<byte> words, int output, int input)
    {
        (int at, int place) = IsAlongOutputs
            ? ((output / PerWord * OutputStride) + (input * InputStride), output % PerWord)
            : ((output * OutputStride) + (input / PerWord * InputStride), input % PerWord);
        uint word = BinaryPrimitives.ReadUInt32LittleEndian(words[(4 * at)..]);
        return (int)(word >> (Bits * (Order is null ? place : Order[place]))) & ((1 << Bits) - 1);
    }
}
