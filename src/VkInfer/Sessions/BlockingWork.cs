using System.Runtime.CompilerServices;

namespace VkInfer;

/// <summary>
/// Runs work that waits for the device on threads of its own, as many as there is work at once, so that many answers do not starve the
/// program's thread pool. A thread without work ends after a second. Thread-safe.
/// </summary>
internal static class BlockingWork
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);
    private static readonly Lock Gate = new();
    private static readonly List<Worker> Idle = [];
    private static int _threads;

    /// <summary>Threads that there are, idle ones included.</summary>
    public static int ThreadCount => Volatile.Read(ref _threads);

    /// <summary>Runs a function; what it throws, the task throws.</summary>
    public static Task<T> Run<T>(Func<T> function)
    {
        var item = new Item<T>(function);
        Worker? worker = null;
        lock (Gate)
        {
            if (Idle.Count > 0)
            {
                worker = Idle[^1];
                Idle.RemoveAt(Idle.Count - 1);
            }
        }

        if (worker is null)
        {
            worker = new Worker();
            Interlocked.Increment(ref _threads);
            new Thread(worker.Loop) { IsBackground = true, Name = "VkInfer" }.UnsafeStart();
        }

        worker.Give(item);
        return item.Result;
    }

    private abstract class Item
    {
        public abstract void Execute();

        public abstract void Complete();
    }

    private sealed class Item<T>(Func<T> function) : Item
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _value;
        private Exception? _failure;

        public Task<T> Result => _result.Task;

        public override void Execute()
        {
            try
            {
                _value = function();
            }
#pragma warning disable CA1031 // every failure belongs to the one who waits
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _failure = exception;
            }
        }

        public override void Complete()
        {
            if (_failure is null)
            {
                _result.SetResult(_value!);
            }
            else
            {
                _result.SetException(_failure);
            }
        }
    }

    private sealed class Worker
    {
        private readonly object _lock = new();
        private Item? _item;

        public void Give(Item item)
        {
            lock (_lock)
            {
                _item = item;
                Monitor.Pulse(_lock);
            }
        }

        public void Loop()
        {
            while (WaitForItem() || !TryEnd())
            {
                Work();
            }

            Interlocked.Decrement(ref _threads);
        }

        private bool WaitForItem()
        {
            lock (_lock)
            {
                return _item is not null || Monitor.Wait(_lock, IdleTime);
            }
        }

        // A frame of its own: an idle thread must not keep from being collected what it worked for.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Work()
        {
            if (Interlocked.Exchange(ref _item, null) is { } item)
            {
                item.Execute();
                lock (Gate)
                {
                    // Before the result is known: who then asks for more finds this thread.
                    Idle.Add(this);
                }

                item.Complete();
            }
        }

        /// <summary>False where work is about to be given.</summary>
        private bool TryEnd()
        {
            lock (Gate)
            {
                return Idle.Remove(this);
            }
        }
    }
}
