using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>The memory types and heaps of a device, and which of them suits which kind of buffer.</summary>
internal sealed class DeviceMemoryTypes
{
    private const MemoryPropertyFlags HostCoherent = MemoryPropertyFlags.HostVisibleBit | MemoryPropertyFlags.HostCoherentBit;

    /// <summary>Types with these properties need features that are off (protected, lazily allocated, AMD's uncached).</summary>
    private const MemoryPropertyFlags Unusable = MemoryPropertyFlags.ProtectedBit | MemoryPropertyFlags.LazilyAllocatedBit
        | MemoryPropertyFlags.DeviceCoherentBitAmd | MemoryPropertyFlags.DeviceUncachedBitAmd;

    private readonly (MemoryPropertyFlags Flags, int Heap, int Index)[] _types;
    private readonly (long Size, MemoryHeapFlags Flags)[] _heaps;

    private DeviceMemoryTypes((MemoryPropertyFlags Flags, int Heap, int Index)[] types, (long Size, MemoryHeapFlags Flags)[] heaps)
    {
        _types = types;
        _heaps = heaps;
        MainHeap = Enumerable.Range(0, heaps.Length).Where(IsDeviceLocal).OrderByDescending(heap => heaps[heap].Size).FirstOrDefault();
    }

    /// <summary>Index of the largest device-local heap.</summary>
    public int MainHeap { get; }

    /// <summary>The CPU can write the largest device-local heap.</summary>
    public bool HostVisibleDeviceLocal => Array.Exists(_types, type => type.Heap == MainHeap
        && type.Flags.HasFlag(HostCoherent | MemoryPropertyFlags.DeviceLocalBit));

    public static unsafe DeviceMemoryTypes Read(Vk vk, PhysicalDevice device, DeviceProfile? profile)
    {
        PhysicalDeviceMemoryProperties memory;
        vk.GetPhysicalDeviceMemoryProperties(device, &memory);
        var types = new List<(MemoryPropertyFlags Flags, int, int)>();
        for (int i = 0; i < memory.MemoryTypeCount; i++)
        {
            types.Add((memory.MemoryTypes[i].PropertyFlags, (int)memory.MemoryTypes[i].HeapIndex, i));
        }

        if (profile is { HostVisibleDeviceLocal: false })
        {
            types = [.. types.SelectMany(Separated)];
        }

        var heaps = new (long, MemoryHeapFlags)[memory.MemoryHeapCount];
        for (int i = 0; i < heaps.Length; i++)
        {
            heaps[i] = ((long)Math.Min(memory.MemoryHeaps[i].Size, long.MaxValue), memory.MemoryHeaps[i].Flags);
        }

        return new DeviceMemoryTypes([.. types], heaps);
    }

    public MemoryHeap[] Heaps() => [.. _heaps.Select((heap, index) => new MemoryHeap(
        heap.Size, IsDeviceLocal(index), Array.Exists(_types, type => type.Heap == index && type.Flags.HasFlag(HostCoherent))))];

    /// <summary>The driver's index of a type.</summary>
    public uint IndexOf(int type) => (uint)_types[type].Index;

    public int HeapOf(int type) => _types[type].Heap;

    public long HeapSize(int heap) => _heaps[heap].Size;

    public bool IsMappable(int type) => _types[type].Flags.HasFlag(HostCoherent);

    public bool IsCached(int type) => _types[type].Flags.HasFlag(HostCoherent | MemoryPropertyFlags.HostCachedBit);

    /// <summary>Types for a use, the best first; <paramref name="allowed"/> is VkMemoryRequirements::memoryTypeBits.</summary>
    public int[] Candidates(MemoryUse use, uint allowed) => [.. Enumerable.Range(0, _types.Length)
        .Where(type => (allowed & (1u << _types[type].Index)) != 0 && (_types[type].Flags & Unusable) == 0 && Suits(use, type))
        .OrderByDescending(type => Score(use, type))
        .ThenBy(type => type)];

    /// <summary>A type that both sides reach, as two that only one of them does.</summary>
    private static IEnumerable<(MemoryPropertyFlags Flags, int Heap, int Index)> Separated(
        (MemoryPropertyFlags Flags, int Heap, int Index) type)
    {
        const MemoryPropertyFlags Host = HostCoherent | MemoryPropertyFlags.HostCachedBit;
        if (!type.Flags.HasFlag(MemoryPropertyFlags.DeviceLocalBit | MemoryPropertyFlags.HostVisibleBit))
        {
            return [type];
        }

        return [(type.Flags & ~Host, type.Heap, type.Index), (type.Flags & ~MemoryPropertyFlags.DeviceLocalBit, type.Heap, type.Index)];
    }

    private bool IsDeviceLocal(int heap) => _heaps[heap].Flags.HasFlag(MemoryHeapFlags.DeviceLocalBit);

    private bool Suits(MemoryUse use, int type) => use == MemoryUse.DeviceLocal
        ? _types[type].Flags.HasFlag(MemoryPropertyFlags.DeviceLocalBit)
        : _types[type].Flags.HasFlag(HostCoherent);

    private int Score(MemoryUse use, int type)
    {
        MemoryPropertyFlags flags = _types[type].Flags;
        bool local = flags.HasFlag(MemoryPropertyFlags.DeviceLocalBit);
        bool cached = flags.HasFlag(MemoryPropertyFlags.HostCachedBit);
        return use switch
        {
            // The biggest heap first; then a type that the CPU can write too, so that uploads need no staging.
            MemoryUse.DeviceLocal => (_types[type].Heap == MainHeap ? 4 : 0) + (flags.HasFlag(HostCoherent) ? 2 : 0) + (cached ? 1 : 0),
            MemoryUse.HostWritable => (local ? 2 : 0) + (cached ? 0 : 1),
            MemoryUse.HostReadable => (cached ? 2 : 0) + (local ? 0 : 1),
            _ => (local ? 0 : 2) + (cached ? 0 : 1),
        };
    }
}
