using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>One VkDeviceMemory, handed out in ranges. The allocator's lock guards it.</summary>
internal sealed unsafe class MemoryBlock(DeviceMemory memory, int type, long size, byte* mapped, bool dedicated)
{
    // Free ranges by offset; neighbours are always merged.
    private readonly SortedList<long, long> _free = new() { [0] = size };

    public DeviceMemory Memory { get; } = memory;

    public int Type { get; } = type;

    public long Size { get; } = size;

    /// <summary>Address of the block's first byte for the CPU; null when not mapped.</summary>
    public byte* Mapped { get; } = mapped;

    /// <summary>Made for one buffer alone.</summary>
    public bool Dedicated { get; } = dedicated;

    public bool IsEmpty => _free.Count == 1 && _free.Values[0] == Size;

    /// <summary>Takes the smallest free range that fits; returns its offset, or -1.</summary>
    public long Take(long size, long alignment)
    {
        int best = -1;
        for (int i = 0; i < _free.Count; i++)
        {
            long padding = Align(_free.Keys[i], alignment) - _free.Keys[i];
            if (_free.Values[i] - padding >= size && (best < 0 || _free.Values[i] < _free.Values[best]))
            {
                best = i;
            }
        }

        if (best < 0)
        {
            return -1;
        }

        long start = _free.Keys[best];
        long end = start + _free.Values[best];
        long offset = Align(start, alignment);
        _free.RemoveAt(best);
        if (offset > start)
        {
            _free.Add(start, offset - start);
        }

        if (offset + size < end)
        {
            _free.Add(offset + size, end - offset - size);
        }

        return offset;
    }

    public void Return(long offset, long size)
    {
        _free.Add(offset, size);
        int index = _free.IndexOfKey(offset);
        if (index + 1 < _free.Count && offset + size == _free.Keys[index + 1])
        {
            size += _free.Values[index + 1];
            _free.RemoveAt(index + 1);
            _free[offset] = size;
        }

        if (index > 0 && _free.Keys[index - 1] + _free.Values[index - 1] == offset)
        {
            _free[_free.Keys[index - 1]] = _free.Values[index - 1] + size;
            _free.RemoveAt(index);
        }
    }

    private static long Align(long value, long alignment) => (value + alignment - 1) / alignment * alignment;
}
