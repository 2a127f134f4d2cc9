using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Descriptor sets of one command list: pools that grow while it is recorded and are reset when it is recorded anew.</summary>
internal sealed unsafe class DescriptorArena(DeviceContext context) : IDisposable
{
    private const uint SetsPerPool = 256;
    private const uint DescriptorsPerPool = 2048;

    private readonly List<DescriptorPool> _pools = [];
    private int _current;

    public void Reset()
    {
        foreach (DescriptorPool pool in _pools)
        {
            context.Check(context.Vk.ResetDescriptorPool(context.Handle, pool, 0), "vkResetDescriptorPool");
        }

        _current = 0;
    }

    /// <summary>A set with the given buffers at bindings 0, 1, 2 …</summary>
    public DescriptorSet Write(DescriptorSetLayout layout, ReadOnlySpan<BufferView> bindings)
    {
        DescriptorSet set = Allocate(layout);
        DescriptorBufferInfo* infos = stackalloc DescriptorBufferInfo[bindings.Length];
        WriteDescriptorSet* writes = stackalloc WriteDescriptorSet[bindings.Length];
        for (int i = 0; i < bindings.Length; i++)
        {
            infos[i] = new DescriptorBufferInfo(bindings[i].Buffer.Handle, (ulong)bindings[i].Offset, (ulong)bindings[i].Length);
            writes[i] = new WriteDescriptorSet
            {
                SType = StructureType.WriteDescriptorSet,
                DstSet = set,
                DstBinding = (uint)i,
                DescriptorCount = 1,
                DescriptorType = DescriptorType.StorageBuffer,
                PBufferInfo = &infos[i],
            };
        }

        context.Vk.UpdateDescriptorSets(context.Handle, (uint)bindings.Length, writes, 0, null);
        return set;
    }

    public void Dispose()
    {
        foreach (DescriptorPool pool in _pools)
        {
            context.Vk.DestroyDescriptorPool(context.Handle, pool, null);
        }

        _pools.Clear();
    }

    private DescriptorSet Allocate(DescriptorSetLayout layout)
    {
        for (; ; _current++)
        {
            bool isNew = _current == _pools.Count;
            if (isNew)
            {
                _pools.Add(CreatePool());
            }

            var info = new DescriptorSetAllocateInfo
            {
                SType = StructureType.DescriptorSetAllocateInfo,
                DescriptorPool = _pools[_current],
                DescriptorSetCount = 1,
                PSetLayouts = &layout,
            };
            DescriptorSet set;
            Result result = context.Vk.AllocateDescriptorSets(context.Handle, &info, &set);
            if (isNew || result is not (Result.ErrorOutOfPoolMemory or Result.ErrorFragmentedPool))
            {
                context.Check(result, "vkAllocateDescriptorSets");
                return set;
            }
        }
    }

    private DescriptorPool CreatePool()
    {
        var size = new DescriptorPoolSize(DescriptorType.StorageBuffer, DescriptorsPerPool);
        var info = new DescriptorPoolCreateInfo
        {
            SType = StructureType.DescriptorPoolCreateInfo,
            MaxSets = SetsPerPool,
            PoolSizeCount = 1,
            PPoolSizes = &size,
        };
        DescriptorPool pool;
        context.Check(context.Vk.CreateDescriptorPool(context.Handle, &info, null, &pool), "vkCreateDescriptorPool");
        return pool;
    }
}
