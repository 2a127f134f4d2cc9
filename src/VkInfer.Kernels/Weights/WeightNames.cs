namespace VkInfer.Kernels;

/// <summary>How weight formats are called in the names of shader variants.</summary>
internal static class WeightNames
{
    /// <summary>The part of a variant's name that stands for a format, e.g. <c>q8_0</c>.</summary>
    public static string Suffix(WeightType type) => type switch
    {
        WeightType.F32 => "f32",
        WeightType.F16 => "f16",
        WeightType.BF16 => "bf16",
        WeightType.Q8_0 => "q8_0",
        WeightType.Q4_0 => "q4_0",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown weight type"),
    };
}
