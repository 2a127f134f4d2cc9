using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What every kernel is created with: the device it runs on. Thread-safe; owns nothing.</summary>
/// <param name="Device">The device; outlives the kernels.</param>
public sealed record KernelContext(GpuDevice Device)
{
    /// <summary>What kernels may use of the device: all it can do, unless a test narrows it.</summary>
    public DeviceCapabilities Capabilities { get; init; } = Device.Capabilities;

    /// <summary>Whether the device is a processor that pretends to be a GPU: few lanes, no memory latency to hide.</summary>
    public bool IsSoftware { get; init; } = Device.Info is { Type: DeviceType.Software, ProfileName: null };

    /// <summary>What was measured of linear layers on the device.</summary>
    public LinearDataflow Linear { get; init; } = LinearDataflow.Empty;

    /// <summary>Invocations of a workgroup: so many on a GPU that allows them, one subgroup on a processor.</summary>
    internal int Threads(int usual) =>
        IsSoftware ? Capabilities.SubgroupSize : Math.Min(usual, Capabilities.MaxWorkgroupInvocations);

    /// <summary>The pipeline of a variant, created on first use.</summary>
    /// <param name="variant">A name of <c>shaders/variants.cmake</c>.</param>
    /// <param name="constants">The variant's specialisation constants.</param>
    public ComputePipeline GetPipeline(string variant, SpecializationConstants constants) =>
        Device.GetPipeline(ShaderLibrary.Get(variant), constants);
}
