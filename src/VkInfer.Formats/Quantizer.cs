using VkInfer.Formats.Blocks;

namespace VkInfer.Formats;

/// <summary>
/// Encodes finite binary32 as Q8_0 or Q4_0 by round-to-nearest, with the rounding of the formats' reference encoder, so that equal input
/// gives equal bytes. Stateless and safe to use from any thread.
/// </summary>
public static class Quantizer
{
    /// <summary>Encodes whole blocks.</summary>
    /// <param name="type">Q8_0 or Q4_0.</param>
    /// <param name="source">The elements, all finite; a whole number of blocks.</param>
    /// <param name="destination">Receives the blocks; exactly as many bytes as <paramref name="source"/> needs.</param>
    /// <exception cref="ArgumentException">The lengths do not match or are not whole blocks.</exception>
    /// <exception cref="NotSupportedException">The type cannot be encoded.</exception>
    public static void FromFloat32(GgufTensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (type is not (GgufTensorType.Q8_0 or GgufTensorType.Q4_0))
        {
            throw new NotSupportedException($"elements of type {type} cannot be encoded: expected Q8_0 or Q4_0");
        }

        BlockSpans.Check(type, source.Length, destination.Length, nameof(destination));
        if (type == GgufTensorType.Q8_0)
        {
            Q8_0Block.FromFloat32(source, destination);
        }
        else
        {
            Q4_0Block.FromFloat32(source, destination);
        }
    }
}
