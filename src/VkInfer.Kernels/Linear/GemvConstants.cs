using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Specialisation constants of <c>linear/gemv_store.comp</c>.</summary>
internal readonly record struct GemvStoreConstants(GemvTuning Tuning, bool Norm, bool Accumulate) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvTuning.Names, "NORM", "ACCUMULATE"];

    public static string Source => "linear/gemv_store.comp";

    public SpecializationConstants ToSpecialization() => Tuning.With(Norm, Accumulate);
}

/// <summary>Specialisation constants of <c>linear/gemv_swiglu.comp</c>.</summary>
internal readonly record struct GemvSwiGluConstants(GemvTuning Tuning, bool Norm) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvTuning.Names, "NORM"];

    public static string Source => "linear/gemv_swiglu.comp";

    public SpecializationConstants ToSpecialization() => Tuning.With(Norm);
}

/// <summary>Specialisation constants of <c>linear/gemv_qkv.comp</c>.</summary>
internal readonly record struct GemvQkvConstants(GemvTuning Tuning, bool Norm, bool SplitHalf) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvTuning.Names, "NORM", "SPLIT_HALF"];

    public static string Source => "linear/gemv_qkv.comp";

    public SpecializationConstants ToSpecialization() => Tuning.With(Norm, SplitHalf);
}
