using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Specialisation constants of <c>attention/attention_decode_merge.comp</c>.</summary>
internal readonly record struct DecodeAttentionMergeConstants(int WorkgroupSize) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE"];

    public static string Source => "attention/attention_decode_merge.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From((0, (uint)WorkgroupSize));
}
