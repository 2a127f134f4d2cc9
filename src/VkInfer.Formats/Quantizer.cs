using VkInfer.Formats.Blocks;

namespace VkInfer.Formats;

/// <summary>
/// Encodes finite binary32 into blocks on the CPU. Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 round to nearest as the formats' reference encoder
/// does, so that equal input gives equal bytes; the others search for the scales with the least square error. Stateless and safe to use
/// from any thread.
/// </summary>
public static class Quantizer
{
    private delegate void Encoder(ReadOnlySpan<float> source, Span<byte> destination);

    /// <summary>Whether <see cref="FromFloat32"/> can encode the type.</summary>
    public static bool IsSupported(GgufTensorType type) => Find(type) is not null;

    /// <summary>Encodes whole blocks.</summary>
    /// <param name="type">The format to encode to.</param>
    /// <param name="source">The elements, all finite; a whole number of blocks.</param>
    /// <param name="destination">Receives the blocks; exactly as many bytes as <paramref name="source"/> needs.</param>
    /// <exception cref="ArgumentException">The lengths do not match or are not whole blocks.</exception>
    /// <exception cref="NotSupportedException">The type cannot be encoded; see <see cref="IsSupported"/>.</exception>
    public static void FromFloat32(GgufTensorType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (Find(type) is not { } encode)
        {
            IEnumerable<GgufTensorType> supported = Enum.GetValues<GgufTensorType>().Where(IsSupported);
            throw new NotSupportedException($"elements of type {type} cannot be encoded: expected one of {string.Join(", ", supported)}");
        }

        BlockSpans.Check(type, source.Length, destination.Length, nameof(destination));
        encode(source, destination);
    }

    private static Encoder? Find(GgufTensorType type) => type switch
    {
        GgufTensorType.Q8_0 => Q8_0Block.FromFloat32,
        GgufTensorType.Q4_0 => Q4_0Block.FromFloat32,
        GgufTensorType.Q4_1 => Q4_1Block.FromFloat32,
        GgufTensorType.Q5_0 => Q5_0Block.FromFloat32,
        GgufTensorType.Q5_1 => Q5_1Block.FromFloat32,
        GgufTensorType.Q2_K => Q2_KBlock.FromFloat32,
        GgufTensorType.Q3_K => Q3_KBlock.FromFloat32,
        GgufTensorType.Q4_K => Q4_KBlock.FromFloat32,
        GgufTensorType.Q5_K => Q5_KBlock.FromFloat32,
        GgufTensorType.Q6_K => Q6_KBlock.FromFloat32,
        GgufTensorType.IQ4_NL => IQ4_NLBlock.FromFloat32,
        GgufTensorType.IQ4_XS => IQ4_XSBlock.FromFloat32,
        _ => null,
    };
}
