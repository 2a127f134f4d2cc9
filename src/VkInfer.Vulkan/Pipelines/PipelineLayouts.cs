using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Descriptor set layouts by number of storage buffers, pipeline layouts by that and the push-constant size. Thread-safe.
/// </summary>
internal sealed unsafe class PipelineLayouts(DeviceContext context) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, DescriptorSetLayout> _sets = [];
    private readonly Dictionary<(int Bindings, int PushSize), PipelineLayout> _pipelines = [];

    public DescriptorSetLayout Set(int bindings)
    {
        lock (_lock)
        {
            if (_sets.TryGetValue(bindings, out DescriptorSetLayout layout))
            {
                return layout;
            }

            DescriptorSetLayoutBinding* rows = stackalloc DescriptorSetLayoutBinding[Math.Max(bindings, 1)];
            for (int i = 0; i < bindings; i++)
            {
                rows[i] = new DescriptorSetLayoutBinding
                {
                    Binding = (uint)i,
                    DescriptorType = DescriptorType.StorageBuffer,
                    DescriptorCount = 1,
                    StageFlags = ShaderStageFlags.ComputeBit,
                };
            }

            var info = new DescriptorSetLayoutCreateInfo
            {
                SType = StructureType.DescriptorSetLayoutCreateInfo,
                BindingCount = (uint)bindings,
                PBindings = rows,
            };
            context.Check(
                context.Vk.CreateDescriptorSetLayout(context.Handle, &info, null, &layout), "vkCreateDescriptorSetLayout");
            return _sets[bindings] = layout;
        }
    }

    public PipelineLayout Pipeline(int bindings, int pushSize)
    {
        DescriptorSetLayout set = Set(bindings);
        lock (_lock)
        {
            if (_pipelines.TryGetValue((bindings, pushSize), out PipelineLayout layout))
            {
                return layout;
            }

            var range = new PushConstantRange { StageFlags = ShaderStageFlags.ComputeBit, Size = (uint)pushSize };
            var info = new PipelineLayoutCreateInfo
            {
                SType = StructureType.PipelineLayoutCreateInfo,
                SetLayoutCount = 1,
                PSetLayouts = &set,
                PushConstantRangeCount = pushSize > 0 ? 1u : 0u,
                PPushConstantRanges = &range,
            };
            context.Check(context.Vk.CreatePipelineLayout(context.Handle, &info, null, &layout), "vkCreatePipelineLayout");
            return _pipelines[(bindings, pushSize)] = layout;
        }
    }

    public void Dispose()
    {
        foreach (PipelineLayout layout in _pipelines.Values)
        {
            context.Vk.DestroyPipelineLayout(context.Handle, layout, null);
        }

        foreach (DescriptorSetLayout layout in _sets.Values)
        {
            context.Vk.DestroyDescriptorSetLayout(context.Handle, layout, null);
        }
    }
}
