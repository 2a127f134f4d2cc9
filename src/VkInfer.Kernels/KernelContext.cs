using System.Diagnostics;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What every kernel is created with: the device it runs on. Thread-safe; owns nothing.</summary>
/// <param name="Device">The device; outlives the kernels.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record KernelContext(GpuDevice Device)
{
    // Measured on an H200 (docs/performance-log.md).
    private const uint NvidiaVendor = 0x10DE;

    /// <summary>What kernels may use of the device: all it can do, unless a test narrows it.</summary>
    public DeviceCapabilities Capabilities { get; init; } = Device.Capabilities;

    /// <summary>
    /// Whether the device is a processor that pretends to be a GPU: few lanes, no memory latency to hide. Kernels then take narrow
    /// workgroups of one subgroup, which work on every device.
    /// </summary>
    public bool IsSoftware { get; init; } = Device.Info is { Type: DeviceType.Software, ProfileName: null };

    /// <summary>What was measured of linear layers on the device.</summary>
    public LinearDataflow Linear { get; init; } = LinearDataflow.Empty;

    /// <summary>
    /// Whether kernels choose forms, tiles and splits so that the bits of a row do not depend on how many rows there are, nor on which.
    /// </summary>
    public bool IsBatchInvariant { get; init; }

    /// <summary>What is left out on the device, and never chosen.</summary>
    public KernelForms Forms { get; init; } = new();

    /// <summary>
    /// Whether a pass' dispatches may wait for each other by counters (<see cref="DispatchChain"/>); null: where that was measured to be
    /// faster.
    /// </summary>
    public bool? Chains { get; init; }

    /// <summary>Whether a pass' dispatches wait for each other by counters, where the device passes the test of it.</summary>
    public bool ChainsDispatches => DispatchChain.IsPossible(Capabilities) && !Forms.IsLeftOut(ChainCases.Form)
        && (Chains ?? (Device.Info.VendorId == NvidiaVendor && !IsSoftware));

    /// <summary>For tests: what a shader is replaced with before it is compiled.</summary>
    public Func<ShaderCode, SpecializationConstants, ShaderCode>? ReplaceShader { get; init; }

    /// <summary>Runs while pipelines are made; of one thread.</summary>
    internal Stopwatch? PipelineClock { get; init; }

    /// <summary>The name of a kernel's usual spread over the device, of the two that each has.</summary>
    internal string SpreadOf(string kernel) => $"{kernel}/{(IsSoftware ? "narrow" : "wide")}";

    /// <summary>The context for a kernel: with its other spread where the usual one is left out.</summary>
    internal KernelContext For(string kernel) => Forms.IsLeftOut(SpreadOf(kernel)) ? this with { IsSoftware = !IsSoftware } : this;

    /// <summary>Invocations of a workgroup: so many on a GPU that allows them, one subgroup on a processor.</summary>
    internal int Threads(int usual) =>
        IsSoftware ? Capabilities.SubgroupSize : Math.Min(usual, Capabilities.MaxWorkgroupInvocations);

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
    public ComputePipeline GetPipeline(string variant, SpecializationConstants constants, int? subgroupSize, bool fullSubgroups)
    {
        ShaderCode shader = ShaderLibrary.Get(variant);
        if (IsPlanning)
        {
            return Device.PlanPipeline(shader, constants, subgroupSize, fullSubgroups);
        }

        PipelineClock?.Start();
        try
        {
            return Device.GetPipeline(ReplaceShader?.Invoke(shader, constants) ?? shader, constants, subgroupSize, fullSubgroups);
        }
        finally
        {
            PipelineClock?.Stop();
        }
    }
}
