using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Specialisation constants that the matrix-vector products share: <c>linear/gemv.glsl</c>, <c>linear/row_terms.glsl</c>.</summary>
internal readonly record struct GemvSharedConstants(GemvTuning Tuning, NormFusion? Norm, bool Bias)
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvTuning.Names, "NORM", "BIAS"];

    /// <summary>These constants, followed by an epilogue's.</summary>
    public SpecializationConstants With(params ReadOnlySpan<uint> epilogue) =>
        Tuning.With([Norm is null ? 0u : Norm.Value.GainSums is null ? 1u : 2u, SpecializationConstants.Bits(Bias), .. epilogue]);
}

/// <summary>Specialisation constants of <c>linear/gemv_store.comp</c>.</summary>
internal readonly record struct GemvStoreConstants(GemvSharedConstants Shared, bool Accumulate, ActivationFunction Activation = ActivationFunction.None)
    : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvSharedConstants.Names, "ACCUMULATE", "ACTIVATION"];

    public static string Source => "linear/gemv_store.comp";

    public SpecializationConstants ToSpecialization() => Shared.With(SpecializationConstants.Bits(Accumulate), (uint)Activation);
}

/// <summary>Specialisation constants of <c>linear/gemv_gated.comp</c>.</summary>
internal readonly record struct GemvGatedConstants(GemvSharedConstants Shared, ActivationFunction Activation) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvSharedConstants.Names, "ACTIVATION"];

    public static string Source => "linear/gemv_gated.comp";

    public SpecializationConstants ToSpecialization() => Shared.With((uint)Activation);
}

/// <summary>Specialisation constants of <c>linear/gemv_qkv.comp</c>.</summary>
internal readonly record struct GemvQkvConstants(GemvSharedConstants Shared, bool SplitHalf) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvSharedConstants.Names, "SPLIT_HALF"];

    public static string Source => "linear/gemv_qkv.comp";

    public SpecializationConstants ToSpecialization() => Shared.With(SpecializationConstants.Bits(SplitHalf));
}
