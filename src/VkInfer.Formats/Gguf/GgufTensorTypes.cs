namespace VkInfer.Formats;

/// <summary>
/// The block layout of each <see cref="GgufTensorType"/>: a row is a whole number of blocks, each of a fixed size in bytes.
/// </summary>
public static class GgufTensorTypes
{
    /// <summary>Whether the number is one of the types of the specification.</summary>
    public static bool IsKnown(GgufTensorType type) => Layout(type).Bytes != 0;

    /// <summary>Elements in a block; 1 for plain types.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is unknown.</exception>
    public static int BlockSize(GgufTensorType type) => Known(type).Elements;

    /// <summary>Bytes of a block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is unknown.</exception>
    public static int BlockBytes(GgufTensorType type) => Known(type).Bytes;

    /// <summary>Bytes of a row of <paramref name="columns"/> elements.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The type is unknown, or the row is negative or not a whole number of blocks.
    /// </exception>
    /// <exception cref="OverflowException">The row is longer than 2^63 - 1 bytes.</exception>
    public static long RowBytes(GgufTensorType type, long columns)
    {
        (int elements, int bytes) = Known(type);
        if (columns < 0 || columns % elements != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(columns), columns, $"a row of {type} is a multiple of {elements} elements");
        }

        return checked(columns / elements * bytes);
    }

    private static (int Elements, int Bytes) Known(GgufTensorType type)
    {
        (int Elements, int Bytes) layout = Layout(type);
        return layout.Bytes != 0
            ? layout
            : throw new ArgumentOutOfRangeException(nameof(type), type, "not a tensor type of the GGUF specification");
    }

    private static (int Elements, int Bytes) Layout(GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => (1, 4),
        GgufTensorType.F16 => (1, 2),
        GgufTensorType.BF16 => (1, 2),
        GgufTensorType.F64 => (1, 8),
        GgufTensorType.I8 => (1, 1),
        GgufTensorType.I16 => (1, 2),
        GgufTensorType.I32 => (1, 4),
        GgufTensorType.I64 => (1, 8),
        GgufTensorType.Q4_0 => (32, 18),
        GgufTensorType.Q4_1 => (32, 20),
        GgufTensorType.Q5_0 => (32, 22),
        GgufTensorType.Q5_1 => (32, 24),
        GgufTensorType.Q8_0 => (32, 34),
        GgufTensorType.Q8_1 => (32, 36),
        GgufTensorType.Q2_K => (256, 84),
        GgufTensorType.Q3_K => (256, 110),
        GgufTensorType.Q4_K => (256, 144),
        GgufTensorType.Q5_K => (256, 176),
        GgufTensorType.Q6_K => (256, 210),
        GgufTensorType.Q8_K => (256, 292),
        GgufTensorType.IQ2_XXS => (256, 66),
        GgufTensorType.IQ2_XS => (256, 74),
        GgufTensorType.IQ3_XXS => (256, 98),
        GgufTensorType.IQ1_S => (256, 50),
        GgufTensorType.IQ4_NL => (32, 18),
        GgufTensorType.IQ3_S => (256, 110),
        GgufTensorType.IQ2_S => (256, 82),
        GgufTensorType.IQ4_XS => (256, 136),
        GgufTensorType.IQ1_M => (256, 56),
        GgufTensorType.TQ1_0 => (256, 54),
        GgufTensorType.TQ2_0 => (256, 66),
        GgufTensorType.MXFP4 => (32, 17),
        GgufTensorType.NVFP4 => (64, 36),
        GgufTensorType.Q1_0 => (128, 18),
        GgufTensorType.Q2_0 => (64, 18),
        _ => default,
    };
}
