using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>A compute shader made ready for a device. Lives as long as the device. Thread-safe.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ComputePipeline
{
    private readonly DeviceContext _context;

    internal ComputePipeline(
        DeviceContext context, Pipeline handle, PipelineLayout layout, DescriptorSetLayout setLayout, ShaderCode shader, int pushSize)
    {
        _context = context;
        Handle = handle;
        Layout = layout;
        SetLayout = setLayout;
        Name = shader.Name;
        Reflection = shader.Reflection;
        PushSize = pushSize;
        Access = [.. Reflection.Bindings];
    }

    /// <summary>The shader's name.</summary>
    public string Name { get; }

    /// <summary>What the shader says about itself.</summary>
    public ShaderReflection Reflection { get; }

    internal Pipeline Handle { get; }

    internal PipelineLayout Layout { get; }

    internal DescriptorSetLayout SetLayout { get; }

    /// <summary>Bytes of push constants, rounded up to four.</summary>
    internal int PushSize { get; }

    internal BindingAccess[] Access { get; }

    /// <summary>
    /// The compiler's figures: registers, spills, shared memory. Null unless <see cref="VulkanInstanceOptions.PipelineStatistics"/>
    /// was set and the driver has VK_KHR_pipeline_executable_properties.
    /// </summary>
    public PipelineStatistics? GetStatistics()
    {
        using Lifetime.Lease lease = _context.Use("vkGetPipelineExecutableStatisticsKHR");
        return _context.Executables is { } functions ? PipelineStatistics.Read(_context, functions, Handle) : null;
    }

    internal bool BelongsTo(DeviceContext context) => ReferenceEquals(context, _context);
}
