using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Specialisation constants of <c>attention/attention_decode_coopmat.comp</c>.</summary>
internal readonly record struct DecodeAttentionMatrixConstants(
    int WorkgroupSize, int Heads, int HeadDim, int Unit, int Subgroups, int SubgroupSize, int FragmentM, int FragmentN, int FragmentK,
    SoftmaxScheme Scheme, bool SoftCap, bool Sinks) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "WORKGROUP_SIZE", "HEADS", "HEAD_DIM", "UNIT", "SUBGROUPS", "SUBGROUP_SIZE", "FRAGMENT_M", "FRAGMENT_N", "FRAGMENT_K", "SCHEME",
        "SOFT_CAP", "SINKS",
    ];

    public static string Source => "attention/attention_decode_coopmat.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)WorkgroupSize), (1, (uint)Heads), (2, (uint)HeadDim), (3, (uint)Unit), (4, (uint)Subgroups), (5, (uint)SubgroupSize),
        (6, (uint)FragmentM), (7, (uint)FragmentN), (8, (uint)FragmentK), (9, (uint)Scheme), (10, SpecializationConstants.Bits(SoftCap)),
        (11, SpecializationConstants.Bits(Sinks)));
}
