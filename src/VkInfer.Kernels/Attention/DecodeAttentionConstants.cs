using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Specialisation constants of <c>attention/attention_decode.comp</c>.</summary>
internal readonly record struct DecodeAttentionConstants(
    int WorkgroupSize, int Heads, int Chunks, int Lanes, int Keys, int MaxSubgroups, SoftmaxScheme Scheme, bool SoftCap,
    bool Fixed = false, bool Sinks = false) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } =
        ["WORKGROUP_SIZE", "HEADS", "CHUNKS", "LANES", "KEYS", "MAX_SUBGROUPS", "SCHEME", "SOFT_CAP", "FIXED", "SINKS"];

    public static string Source => "attention/attention_decode.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)WorkgroupSize), (1, (uint)Heads), (2, (uint)Chunks), (3, (uint)Lanes), (4, (uint)Keys), (5, (uint)MaxSubgroups),
        (6, (uint)Scheme), (7, SpecializationConstants.Bits(SoftCap)), (8, SpecializationConstants.Bits(Fixed)),
        (9, SpecializationConstants.Bits(Sinks)));
}
