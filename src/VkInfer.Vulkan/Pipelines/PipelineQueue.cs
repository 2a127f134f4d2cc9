namespace VkInfer.Vulkan;

/// <summary>
/// Compiles pipelines ahead of their use, on threads that end when there is nothing left to do. Who needs one that waits here compiles it
/// without waiting for its turn. Thread-safe.
/// </summary>
internal sealed class PipelineQueue : IDisposable
{
    private const int MaxThreads = 16;

    private readonly Lock _lock = new();
    private readonly Queue<Action> _waiting = new();
    private readonly List<Thread> _threads = [];
    private bool _isDisposed;

    /// <summary>Does something as soon as a thread is free; faults are left to those who need the result.</summary>
    public void Add(Action compile)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _waiting.Enqueue(compile);
            if (_threads.Count < Math.Min(Environment.ProcessorCount, MaxThreads))
            {
                var thread = new Thread(Work) { IsBackground = true, Name = "vkinfer pipelines" };
                _threads.Add(thread);
                thread.Start();
            }
        }
    }

    /// <summary>Forgets what waits, and waits for what is under way.</summary>
    public void Dispose()
    {
        Thread[] threads;
        lock (_lock)
        {
            _isDisposed = true;
            _waiting.Clear();
            threads = [.. _threads];
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }

    private void Work()
    {
        while (Take() is { } compile)
        {
            try
            {
                compile();
            }
#pragma warning disable CA1031 // Whoever needs the pipeline tries again, and is told.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
    }

    private Action? Take()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out Action? compile))
            {
                return compile;
            }

            _threads.Remove(Thread.CurrentThread);
            return null;
        }
    }
}
