namespace VkInfer.Vulkan;

/// <summary>Compiling pipelines before they are needed.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed partial class GpuDevice
{
    /// <summary>
    /// As <see cref="GetPipeline"/>, without waiting: the pipeline is compiled by another thread, and what is returned is for
    /// <see cref="CreatePlanningList"/> only.
    /// </summary>
    /// <inheritdoc cref="GetPipeline"/>
    public ComputePipeline PlanPipeline(
        ShaderCode shader, SpecializationConstants constants, int? requiredSubgroupSize = null, bool requireFullSubgroups = false)
    {
        ArgumentNullException.ThrowIfNull(shader);
        _context.ThrowIfUnusable("vkCreateComputePipelines");
        return _pipelines.Plan(shader, constants, requiredSubgroupSize, requireFullSubgroups);
    }

    /// <summary>Makes a command list that takes all commands and records none: it shows which pipelines a recording would use.</summary>
    /// <param name="name">For messages and debuggers.</param>
    public CommandList CreatePlanningList(string name)
    {
        CommandList list = CreateCommandList(name);
        list.IsPlanning = true;
        return list;
    }
}
