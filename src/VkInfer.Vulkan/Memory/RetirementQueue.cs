namespace VkInfer.Vulkan;

/// <summary>Resources to destroy once the GPU has passed a point of the compute and the upload timelines. Thread-safe.</summary>
internal sealed class RetirementQueue(Timeline compute, Timeline uploads)
{
    private readonly Lock _lock = new();
    private readonly Queue<GpuResource> _waiting = new();
    private volatile int _count;
    private ulong _lastUse;
    private ulong _lastUpload;

    public bool IsEmpty => _count == 0;

    public void Add(GpuResource resource)
    {
        lock (_lock)
        {
            _waiting.Enqueue(resource);
            _count = _waiting.Count;
            _lastUse = Math.Max(_lastUse, resource.LastUse);
            _lastUpload = Math.Max(_lastUpload, resource.LastUpload);
        }
    }

    /// <summary>Takes the next resource that the GPU is done with.</summary>
    public bool TryTake(out GpuResource? resource)
    {
        resource = null;
        if (_count == 0)
        {
            return false;
        }

        lock (_lock)
        {
            if (!_waiting.TryPeek(out GpuResource? next) || !(compute.IsComplete(next.LastUse) && uploads.IsComplete(next.LastUpload)))
            {
                return false;
            }

            resource = _waiting.Dequeue();
            _count = _waiting.Count;
            return true;
        }
    }

    /// <summary>The points of the compute and the upload timelines behind which all is free that was added so far.</summary>
    public (ulong Use, ulong Upload) Last
    {
        get
        {
            lock (_lock)
            {
                return (_lastUse, _lastUpload);
            }
        }
    }

    /// <summary>Waits until the GPU has passed such points, up to which everything must have been submitted.</summary>
    public void Wait((ulong Use, ulong Upload) last)
    {
        compute.Wait(last.Use, default);
        uploads.Wait(last.Upload, default);
    }
}
