using VkInfer.Formats.Blocks;

namespace VkInfer.Formats;

/// <summary>
/// Decodes stored elements to binary32 on the CPU, bit for bit as the formats define it: the reference for shaders, and for the few
/// conversions that the host makes. Stateless and safe to use from any thread.
/// </summary>
public static class Dequantizer
{
    private delegate void Decoder(ReadOnlySpan<byte> source, Span<float> destination);

    /// <summary>Whether <see cref="ToFloat32"/> can decode the type.</summary>
    public static bool IsSupported(GgufTensorType type) => Find(type) is not null;

    /// <summary>Decodes whole blocks.</summary>
    /// <param name="type">How <paramref name="source"/> is stored.</param>
    /// <param name="source">The blocks; exactly as many bytes as <paramref name="destination"/> needs.</param>
    /// <param name="destination">Receives the elements; a whole number of blocks.</param>
    /// <exception cref="ArgumentException">The lengths do not match or are not whole blocks.</exception>
    /// <exception cref="NotSupportedException">The type cannot be decoded; see <see cref="IsSupported"/>.</exception>
    public static void ToFloat32(GgufTensorType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (Find(type) is not { } decode)
        {
            IEnumerable<GgufTensorType> supported = Enum.GetValues<GgufTensorType>().Where(IsSupported);
            throw new NotSupportedException($"elements of type {type} cannot be decoded: expected one of {string.Join(", ", supported)}");
        }

        BlockSpans.Check(type, destination.Length, source.Length, nameof(source));
        decode(source, destination);
    }

    private static Decoder? Find(GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => F32Block.ToFloat32,
        GgufTensorType.F16 => F16Block.ToFloat32,
        GgufTensorType.BF16 => BF16Block.ToFloat32,
        GgufTensorType.Q8_0 => Q8_0Block.ToFloat32,
        GgufTensorType.Q4_0 => Q4_0Block.ToFloat32,
        GgufTensorType.Q4_1 => Q4_1Block.ToFloat32,
        GgufTensorType.Q5_0 => Q5_0Block.ToFloat32,
        GgufTensorType.Q5_1 => Q5_1Block.ToFloat32,
        GgufTensorType.Q2_K => Q2_KBlock.ToFloat32,
        GgufTensorType.Q3_K => Q3_KBlock.ToFloat32,
        GgufTensorType.Q4_K => Q4_KBlock.ToFloat32,
        GgufTensorType.Q5_K => Q5_KBlock.ToFloat32,
        GgufTensorType.Q6_K => Q6_KBlock.ToFloat32,
        GgufTensorType.IQ4_NL => IQ4_NLBlock.ToFloat32,
        GgufTensorType.IQ4_XS => IQ4_XSBlock.ToFloat32,
        GgufTensorType.IQ1_S => IQ1_SBlock.ToFloat32,
        GgufTensorType.IQ1_M => IQ1_MBlock.ToFloat32,
        GgufTensorType.IQ2_XXS => IQ2_XXSBlock.ToFloat32,
        GgufTensorType.IQ2_XS => IQ2_XSBlock.ToFloat32,
        GgufTensorType.IQ2_S => IQ2_SBlock.ToFloat32,
        GgufTensorType.IQ3_XXS => IQ3_XXSBlock.ToFloat32,
        GgufTensorType.IQ3_S => IQ3_SBlock.ToFloat32,
        GgufTensorType.TQ1_0 => TQ1_0Block.ToFloat32,
        GgufTensorType.TQ2_0 => TQ2_0Block.ToFloat32,
        GgufTensorType.MXFP4 => MXFP4Block.ToFloat32,
        GgufTensorType.NVFP4 => NVFP4Block.ToFloat32,
        GgufTensorType.Q1_0 => Q1_0Block.ToFloat32,
        GgufTensorType.Q2_0 => Q2_0Block.ToFloat32,
        _ => null,
    };
}
