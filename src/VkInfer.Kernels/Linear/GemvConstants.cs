using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Specialisation constants that the matrix-vector products share: <c>linear/gemv.glsl</c>.</summary>
/// <param name="Tuning">How the product is spread.</param>
/// <param name="MaxSlots">Rows of a workgroup, at most.</param>
/// <param name="Scaled">x lacks its norm's scale.</param>
/// <param name="Bias">There is a bias.</param>
internal readonly record struct GemvSharedConstants(GemvTuning Tuning, int MaxSlots, bool Scaled, bool Bias)
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvTuning.Names, "MAX_SLOTS", "SCALED", "BIAS"];

    /// <summary>These constants, followed by an epilogue's.</summary>
    public SpecializationConstants With(params ReadOnlySpan<uint> epilogue)
    {
        uint[] values =
        [
            (uint)Tuning.WorkgroupSize, (uint)Tuning.Rows, (uint)Tuning.Unroll, (uint)Tuning.Tile, (uint)Tuning.Passes, (uint)MaxSlots,
            SpecializationConstants.Bits(Scaled), SpecializationConstants.Bits(Bias), .. epilogue,
        ];
        return SpecializationConstants.From([.. values.Select((value, i) => ((uint)i, value))]);
    }
}

/// <summary>Specialisation constants of <c>linear/gemv_store.comp</c>; Next as in <c>linear/gemv_next.glsl</c>.</summary>
internal readonly record struct GemvStoreConstants(
    GemvSharedConstants Shared, uint Next = 0, bool Y = true, bool Accumulate = false,
    ActivationFunction Activation = ActivationFunction.None, int Experts = 0, bool Summed = true) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } =
        [.. GemvSharedConstants.Names, "NEXT", "Y", "ACCUMULATE", "ACTIVATION", "EXPERTS", "SUMMED"];

    public static string Source => "linear/gemv_store.comp";

    public SpecializationConstants ToSpecialization() =>
        Shared.With(
            Next, SpecializationConstants.Bits(Y), SpecializationConstants.Bits(Accumulate), (uint)Activation, (uint)Experts,
            SpecializationConstants.Bits(Summed));
}

/// <summary>Specialisation constants of <c>linear/gemv_gated.comp</c>.</summary>
internal readonly record struct GemvGatedConstants(
    GemvSharedConstants Shared, uint Next, ActivationFunction Activation, int Experts = 0) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvSharedConstants.Names, "NEXT", "ACTIVATION", "EXPERTS"];

    public static string Source => "linear/gemv_gated.comp";

    public SpecializationConstants ToSpecialization() => Shared.With(Next, (uint)Activation, (uint)Experts);
}

/// <summary>Specialisation constants of <c>linear/gemv_qkv.comp</c>.</summary>
internal readonly record struct GemvQkvConstants(GemvSharedConstants Shared, bool SplitHalf) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = [.. GemvSharedConstants.Names, "SPLIT_HALF"];

    public static string Source => "linear/gemv_qkv.comp";

    public SpecializationConstants ToSpecialization() => Shared.With(SpecializationConstants.Bits(SplitHalf));
}
