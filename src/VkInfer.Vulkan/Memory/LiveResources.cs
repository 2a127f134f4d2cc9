namespace VkInfer.Vulkan;

/// <summary>All resources of a device that Vulkan still holds, those that wait for the GPU included. Thread-safe.</summary>
internal sealed class LiveResources(RetirementQueue retired)
{
    private readonly Lock _lock = new();
    private readonly HashSet<GpuResource> _resources = [];
    private int _buffers;
    private int _lists;
    private long _bytes;

    /// <summary>Buffers that their owners have not disposed.</summary>
    public int BufferCount => Volatile.Read(ref _buffers);

    /// <summary>Bytes of those buffers.</summary>
    public long BufferBytes => Volatile.Read(ref _bytes);

    /// <summary>Command lists that their owners have not disposed.</summary>
    public int CommandListCount => Volatile.Read(ref _lists);

    public void Add(GpuResource resource)
    {
        lock (_lock)
        {
            _resources.Add(resource);
        }

        Count(resource, 1);
    }

    /// <summary>The owner has disposed the resource.</summary>
    public void Forget(GpuResource resource) => Count(resource, -1);

    /// <summary>Destroys what the GPU is done with.</summary>
    public void Collect()
    {
        while (retired.TryTake(out GpuResource? resource))
        {
            lock (_lock)
            {
                _resources.Remove(resource!);
            }

            resource!.Destroy();
        }
    }

    /// <summary>Destroys everything; the GPU is idle or lost, and nobody is at work with the device.</summary>
    public void DestroyAll()
    {
        lock (_lock)
        {
            foreach (GpuResource resource in _resources)
            {
                resource.Destroy();
            }

            _resources.Clear();
        }
    }

    private void Count(GpuResource resource, int sign)
    {
        if (resource is GpuBuffer buffer)
        {
            Interlocked.Add(ref _buffers, sign);
            Interlocked.Add(ref _bytes, sign * buffer.SizeInBytes);
        }
        else
        {
            Interlocked.Add(ref _lists, sign);
        }
    }
}
