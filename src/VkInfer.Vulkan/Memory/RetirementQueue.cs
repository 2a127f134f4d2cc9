namespace VkInfer.Vulkan;

/// <summary>Things to destroy once the GPU has passed a point of the compute and the upload timelines. Thread-safe.</summary>
internal sealed class RetirementQueue(Timeline compute, Timeline uploads)
{
    private readonly Lock _lock = new();
    private readonly Queue<(object Thing, ulong Use, ulong Upload)> _waiting = new();
    private volatile int _count;

    public bool IsEmpty => _count == 0;

    public void Add(object thing, ulong use, ulong upload)
    {
        lock (_lock)
        {
            _waiting.Enqueue((thing, use, upload));
            _count = _waiting.Count;
        }
    }

    /// <summary>Takes the next thing that the GPU is done with.</summary>
    /// <param name="thing">The thing; null when there is none.</param>
    /// <param name="all">The GPU is known to be idle: take the next in any case.</param>
    public bool TryTake(out object? thing, bool all = false)
    {
        thing = null;
        if (_count == 0)
        {
            return false;
        }

        lock (_lock)
        {
            if (!_waiting.TryPeek(out var next) || !(all || (compute.IsComplete(next.Use) && uploads.IsComplete(next.Upload))))
            {
                return false;
            }

            thing = _waiting.Dequeue().Thing;
            _count = _waiting.Count;
            return true;
        }
    }
}
