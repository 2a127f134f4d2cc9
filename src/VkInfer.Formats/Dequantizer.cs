using VkInfer.Formats.Blocks;

namespace VkInfer.Formats;

/// <summary>
/// Decodes stored elements to binary32 on the CPU, bit for bit as the formats define it: the reference for shaders, and for the few
/// conversions that the host makes. Stateless and safe to use from any thread.
/// </summary>
public static class Dequantizer
{
    /// <summary>Whether <see cref="ToFloat32"/> can decode the type.</summary>
    public static bool IsSupported(GgufTensorType type) =>
        type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16 or GgufTensorType.Q8_0 or GgufTensorType.Q4_0;

    /// <summary>Decodes whole blocks.</summary>
    /// <param name="type">How <paramref name="source"/> is stored.</param>
    /// <param name="source">The blocks; exactly as many bytes as <paramref name="destination"/> needs.</param>
    /// <param name="destination">Receives the elements; a whole number of blocks.</param>
    /// <exception cref="ArgumentException">The lengths do not match or are not whole blocks.</exception>
    /// <exception cref="NotSupportedException">The type cannot be decoded; see <see cref="IsSupported"/>.</exception>
    public static void ToFloat32(GgufTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (!IsSupported(type))
        {
            throw new NotSupportedException($"elements of type {type} cannot be decoded: expected F32, F16, BF16, Q8_0 or Q4_0");
        }

        BlockSpans.Check(type, destination.Length, source.Length, nameof(source));
        switch (type)
        {
            case GgufTensorType.F32:
                F32Block.ToFloat32(source, destination);
                break;
            case GgufTensorType.F16:
                F16Block.ToFloat32(source, destination);
                break;
            case GgufTensorType.BF16:
                BF16Block.ToFloat32(source, destination);
                break;
            case GgufTensorType.Q8_0:
                Q8_0Block.ToFloat32(source, destination);
                break;
            default:
                Q4_0Block.ToFloat32(source, destination);
                break;
        }
    }
}
