using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Loading;

/// <summary>Which matrices become what where a model is quantised, while loading as while converting.</summary>
internal static class Quantization
{
    /// <summary>Types that loading quantises to.</summary>
    public static readonly WeightType[] Supported = [WeightType.Q8_0, WeightType.Q4_0];

    /// <summary>
    /// The type of a matrix. Only floats are quantised, and only where rows are whole blocks; what decides most about the next token, the
    /// embedding and the output projection, keeps eight bits.
    /// </summary>
    /// <param name="tensor">GGUF's name of the tensor.</param>
    /// <param name="stored">Its type as it is.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="asked">The type asked for, or null.</param>
    public static WeightType TypeFor(string tensor, WeightType stored, int columns, WeightType? asked)
    {
        if (asked is not { } type || stored is not (WeightType.F32 or WeightType.F16 or WeightType.BF16) || columns % 32 != 0)
        {
            return stored;
        }

        return tensor is "token_embd.weight" or "output.weight" ? WeightType.Q8_0 : type;
    }

    /// <summary>The file's name for a type on the device.</summary>
    public static GgufTensorType ToTensorType(WeightType type) => Enum.Parse<GgufTensorType>(type.ToString());
}
