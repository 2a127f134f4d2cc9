namespace VkInfer.Kernels;

/// <summary>How cache types are called in the names of shader variants.</summary>
internal static class KvNames
{
    /// <summary>The part of a name that stands for a cache type in the kernels that store it and in prefill attention.</summary>
    public static string Part(KvType type) => type switch
    {
        KvType.F16 => "f16",
        KvType.F32 => "f32",
        KvType.Q8_0 => "q8_0",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown cache type"),
    };

    /// <summary>The same in decode, where types of weights stand beside it, e.g. <c>kvf16</c>.</summary>
    public static string Suffix(KvType type) => $"kv{Part(type)}";
}
