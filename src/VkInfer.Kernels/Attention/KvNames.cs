namespace VkInfer.Kernels;

/// <summary>How cache types are called in the names of shader variants.</summary>
internal static class KvNames
{
    /// <summary>The part of a variant's name that stands for a cache type, e.g. <c>kvf16</c>.</summary>
    public static string Suffix(KvType type) => type switch
    {
        KvType.F16 => "kvf16",
        KvType.F32 => "kvf32",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown cache type"),
    };
}
