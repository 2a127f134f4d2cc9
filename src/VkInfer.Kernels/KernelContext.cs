using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What every kernel is created with: the device it runs on. Thread-safe; owns nothing.</summary>
/// <param name="Device">The device; outlives the kernels.</param>
public sealed record KernelContext(GpuDevice Device)
{
    /// <summary>What kernels may use of the device: all it can do, unless a test narrows it.</summary>
    public DeviceCapabilities Capabilities { get; init; } = Device.Capabilities;

    /// <summary>Whether the device is a processor that pretends to be a GPU: few lanes, no memory latency to hide.</summary>
    public bool IsSoftware { get; init; } = Device.Info.Type == DeviceType.Software;

    /// <summary>What was measured of linear layers on the device.</summary>
    public LinearDataflow Linear { get; init; } = LinearDataflow.Empty;

    /// <summary>Whether kernels only have their pipelines compiled, by other threads, and are given planning lists to record to.</summary>
    public bool IsPlanning { get; init; }

    /// <summary>The pipeline of a variant, created on first use.</summary>
    /// <param name="variant">A name of <c>shaders/variants.cmake</c>.</param>
    /// <param name="constants">The variant's specialisation constants.</param>
    public ComputePipeline GetPipeline(string variant, SpecializationConstants constants) =>
        GetPipeline(variant, constants, null, false);

    /// <summary>The pipeline of a variant with subgroups of a size, created on first use.</summary>
    /// <param name="variant">A name of <c>shaders/variants.cmake</c>.</param>
    /// <param name="constants">The variant's specialisation constants.</param>
    /// <param name="subgroupSize">Null: the driver's choice.</param>
    /// <param name="fullSubgroups">No subgroup has idle invocations at its start.</param>
    public ComputePipeline GetPipeline(string variant, SpecializationConstants constants, int? subgroupSize, bool fullSubgroups) => IsPlanning
        ? Device.PlanPipeline(ShaderLibrary.Get(variant), constants, subgroupSize, fullSubgroups)
        : Device.GetPipeline(ShaderLibrary.Get(variant), constants, subgroupSize, fullSubgroups);
}
