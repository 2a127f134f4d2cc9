using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Device memory in blocks: 256 MiB on big heaps, a thirty-second of a small one; a buffer of half a block or more gets its own.
/// Thread-safe.
/// </summary>
internal sealed unsafe class MemoryAllocator(DeviceContext context) : IDisposable
{
    private const long LargestBlock = 256L << 20;
    private const long SmallestBlock = 1L << 20;

    private readonly Lock _lock = new();
    private readonly DeviceMemoryTypes _types = DeviceMemoryTypes.Read(context.Vk, context.Physical, context.Info.Profile);
    private readonly List<MemoryBlock> _blocks = [];

    /// <summary>Finds memory for a buffer.</summary>
    /// <exception cref="OutOfDeviceMemoryException">No heap that suits has that much left.</exception>
    public MemoryAllocation Allocate(MemoryUse use, MemoryRequirements requirements, string name)
    {
        long size = checked((long)requirements.Size);
        long alignment = (long)requirements.Alignment;
        int[] candidates = _types.Candidates(use, requirements.MemoryTypeBits);
        long mostAvailable = 0;
        lock (_lock)
        {
            foreach (int type in candidates)
            {
                long blockSize = BlockSize(type);
                bool dedicated = size > blockSize / 2;
                if (!dedicated)
                {
                    foreach (MemoryBlock block in _blocks)
                    {
                        if (block.Type == type && !block.Dedicated && block.Take(size, alignment) is >= 0 and var offset)
                        {
                            return new MemoryAllocation(block, offset, size, _types.IsCached(type));
                        }
                    }
                }

                long available = Available(_types.HeapOf(type));
                mostAvailable = Math.Max(mostAvailable, available);
                long wanted = dedicated ? size : blockSize;
                if (wanted > available && !dedicated)
                {
                    (wanted, dedicated) = (size, true);
                }

                if (wanted > available || TryAllocateBlock(type, wanted, dedicated) is not { } added)
                {
                    continue;
                }

                _blocks.Add(added);
                return new MemoryAllocation(added, added.Take(size, alignment), size, _types.IsCached(type));
            }
        }

        throw new OutOfDeviceMemoryException($"buffer '{name}'", size, mostAvailable);
    }

    /// <summary>Gives a range back. A block that becomes empty is freed, but for one of its type.</summary>
    public void Free(MemoryAllocation allocation)
    {
        lock (_lock)
        {
            MemoryBlock block = allocation.Block;
            block.Return(allocation.Offset, allocation.Size);
            if (block.IsEmpty && (block.Dedicated
                || _blocks.Exists(other => other != block && other.Type == block.Type && !other.Dedicated && other.IsEmpty)))
            {
                Release(block);
            }
        }
    }

    /// <summary>Frees the empty blocks that were kept; true when there was one.</summary>
    public bool Trim()
    {
        lock (_lock)
        {
            List<MemoryBlock> empty = _blocks.FindAll(block => block.IsEmpty);
            empty.ForEach(Release);
            return empty.Count > 0;
        }
    }

    public MemoryBudget Budget()
    {
        lock (_lock)
        {
            return new MemoryBudget(
                _types.HeapSize(_types.MainHeap), Available(_types.MainHeap), AllocatedFrom(_types.MainHeap));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (MemoryBlock block in _blocks)
            {
                context.Vk.FreeMemory(context.Handle, block.Memory, null);
            }

            _blocks.Clear();
        }
    }

    private long BlockSize(int type) => Math.Clamp(_types.HeapSize(_types.HeapOf(type)) / 32, SmallestBlock, LargestBlock);

    private long AllocatedFrom(int heap)
    {
        long sum = 0;
        foreach (MemoryBlock block in _blocks)
        {
            sum += _types.HeapOf(block.Type) == heap ? block.Size : 0;
        }

        return sum;
    }

    private long Available(int heap)
    {
        if (!context.Info.Capabilities.MemoryBudget)
        {
            return Math.Max(0, _types.HeapSize(heap) - AllocatedFrom(heap));
        }

        var budget = new PhysicalDeviceMemoryBudgetPropertiesEXT { SType = StructureType.PhysicalDeviceMemoryBudgetPropertiesExt };
        var properties = new PhysicalDeviceMemoryProperties2
        {
            SType = StructureType.PhysicalDeviceMemoryProperties2,
            PNext = &budget,
        };
        context.Vk.GetPhysicalDeviceMemoryProperties2(context.Physical, &properties);
        return (long)Math.Min(long.MaxValue, budget.HeapBudget[heap] - Math.Min(budget.HeapBudget[heap], budget.HeapUsage[heap]));
    }

    private MemoryBlock? TryAllocateBlock(int type, long size, bool dedicated)
    {
        var flags = new MemoryAllocateFlagsInfo
        {
            SType = StructureType.MemoryAllocateFlagsInfo,
            Flags = MemoryAllocateFlags.DeviceAddressBit,
        };
        var info = new MemoryAllocateInfo
        {
            SType = StructureType.MemoryAllocateInfo,
            PNext = &flags,
            AllocationSize = (ulong)size,
            MemoryTypeIndex = _types.IndexOf(type),
        };
        DeviceMemory memory;
        Result result = context.Vk.AllocateMemory(context.Handle, &info, null, &memory);
        if (result is Result.ErrorOutOfDeviceMemory or Result.ErrorOutOfHostMemory or Result.ErrorTooManyObjects)
        {
            return null;
        }

        context.Check(result, "vkAllocateMemory");
        void* mapped = null;
        if (_types.IsMappable(type))
        {
            result = context.Vk.MapMemory(context.Handle, memory, 0, Vk.WholeSize, 0, &mapped);
            if (result < Result.Success)
            {
                context.Vk.FreeMemory(context.Handle, memory, null);
                context.Check(result, "vkMapMemory");
            }
        }

        return new MemoryBlock(memory, type, size, (byte*)mapped, dedicated);
    }

    private void Release(MemoryBlock block)
    {
        _blocks.Remove(block);
        context.Vk.FreeMemory(context.Handle, block.Memory, null);
    }
}
