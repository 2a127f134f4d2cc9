namespace VkInfer.Vulkan;

/// <summary>
/// The one rule by which things end. Work on a thing holds a lease of its lifetime. <see cref="Dispose"/> refuses further leases,
/// cancels what runs (<see cref="Closing"/>), waits until the leases are back, disposes what depends on the thing, and frees it, once.
/// It may be called from any thread, any number of times, and in any order with those of other lifetimes. Thread-safe; a lease
/// costs two interlocked operations and no memory.
/// </summary>
/// <remarks>
/// No lease may be held while a user's code runs: nothing done there, a dispose included, can then hold anybody else. Where a thread
/// disposes while it holds a lease all the same, and waiting could mean waiting for itself, it returns and the freeing follows on a
/// thread of the pool.
/// </remarks>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class Lifetime : IDisposable, IAsyncDisposable
{
    private const int ClosedBit = 1;
    private const int OneLease = 2;

    [ThreadStatic]
    private static int _leasesOfThread;

    private readonly object _lock = new();
    private readonly string _name;
    private readonly Action _free;
    private readonly Lifetime[] _owners;
    private readonly CancellationTokenSource _closing = new();
    private readonly HashSet<Lifetime> _dependents = [];
    private int _state;
    private int _freeingThread;
    private bool _freed;

    /// <summary>Starts a lifetime.</summary>
    /// <param name="name">What ends, as <see cref="ObjectDisposedException.ObjectName"/>.</param>
    /// <param name="free">
    /// Frees the thing; called once, when no lease is out and all dependents are freed. Must not refer to an object whose finaliser
    /// calls <see cref="DisposeLater"/>: it would keep it alive.
    /// </param>
    /// <param name="owners">Lifetimes that end this one with themselves.</param>
    /// <exception cref="ObjectDisposedException">An owner has ended.</exception>
    public Lifetime(string name, Action free, params ReadOnlySpan<Lifetime> owners)
    {
        _name = name;
        _free = free;
        Closing = _closing.Token;
        _owners = owners.ToArray();
        for (int i = 0; i < _owners.Length; i++)
        {
            if (!_owners[i].TryAdopt(this))
            {
                Array.ForEach(_owners[..i], owner => owner.Forget(this));
                throw _owners[i].Disposed();
            }
        }
    }

    /// <summary>Cancelled when the end begins.</summary>
    public CancellationToken Closing { get; }

    /// <summary>Whether the end has begun.</summary>
    public bool IsClosed => (Volatile.Read(ref _state) & ClosedBit) != 0;

    /// <summary>Takes a lease, to be given back on the same thread.</summary>
    /// <exception cref="ObjectDisposedException">The end has begun.</exception>
    public Lease Enter() => TryEnter() ? new Lease(this) : throw Disposed();

    /// <summary>Takes a lease unless the end has begun; <see cref="Exit"/> gives it back.</summary>
    public bool TryEnter()
    {
        if ((Interlocked.Add(ref _state, OneLease) & ClosedBit) != 0)
        {
            Return();
            return false;
        }

        _leasesOfThread++;
        return true;
    }

    /// <summary>Gives a lease of <see cref="TryEnter"/> back.</summary>
    public void Exit()
    {
        _leasesOfThread--;
        Return();
    }

    /// <summary>Throws if the end has begun.</summary>
    public void ThrowIfClosed()
    {
        if (IsClosed)
        {
            throw Disposed();
        }
    }

    /// <summary>What callers are told after the end has begun, also those that were at work then.</summary>
    public ObjectDisposedException Disposed() => new(_name);

    /// <summary>Ends the lifetime; returns when the thing is freed.</summary>
    public void Dispose()
    {
        Close();
        if (_leasesOfThread > 0 && WouldWait())
        {
            DisposeLater();
            return;
        }

        Finish();
    }

    /// <summary>As <see cref="Dispose"/>, without blocking: the end begins now, the task completes when the thing is freed.</summary>
    public ValueTask DisposeAsync()
    {
        Close();
        return WouldWait() || !Volatile.Read(ref _freed) ? new ValueTask(Task.Run(Finish)) : ValueTask.CompletedTask;
    }

    /// <summary>For finalisers, which may neither wait nor call Vulkan: the end happens on a thread of the pool.</summary>
    public void DisposeLater() => ThreadPool.UnsafeQueueUserWorkItem(
        static lifetime =>
        {
            try
            {
                lifetime.Dispose();
            }
            catch (VulkanException)
            {
                // There is nobody to tell, and the program must not end for it.
            }
        },
        this, preferLocal: false);

    private void Return()
    {
        if (Interlocked.Add(ref _state, -OneLease) == ClosedBit)
        {
            lock (_lock)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    private bool TryAdopt(Lifetime dependent)
    {
        lock (_lock)
        {
            return !IsClosed && _dependents.Add(dependent);
        }
    }

    private void Forget(Lifetime dependent)
    {
        lock (_lock)
        {
            _dependents.Remove(dependent);
        }
    }

    private Lifetime[] Dependents()
    {
        lock (_lock)
        {
            return [.. _dependents];
        }
    }

    private void Close()
    {
        lock (_lock)
        {
            if ((Interlocked.Or(ref _state, ClosedBit) & ClosedBit) != 0)
            {
                return;
            }

            // Who finishes an owner at the same time may wait for this already.
            Monitor.PulseAll(_lock);
        }

        _closing.Cancel();
        foreach (Lifetime dependent in Dependents())
        {
            dependent.Close();
        }
    }

    private bool WouldWait()
    {
        lock (_lock)
        {
            if (_freed || _freeingThread == Environment.CurrentManagedThreadId)
            {
                return false;
            }

            if (_freeingThread != 0 || Volatile.Read(ref _state) != ClosedBit)
            {
                return true;
            }
        }

        return Array.Exists(Dependents(), dependent => dependent.WouldWait());
    }

    private void Finish()
    {
        lock (_lock)
        {
            if (_freeingThread == Environment.CurrentManagedThreadId)
            {
                return;
            }

            while (_freeingThread != 0 ? !_freed : Volatile.Read(ref _state) != ClosedBit)
            {
                Monitor.Wait(_lock);
            }

            if (_freed)
            {
                return;
            }

            _freeingThread = Environment.CurrentManagedThreadId;
        }

        try
        {
            try
            {
                Array.ForEach(Dependents(), dependent => dependent.Finish());
            }
            finally
            {
                _free();
            }
        }
        finally
        {
            lock (_lock)
            {
                _freed = true;
                Monitor.PulseAll(_lock);
            }

            Array.ForEach(_owners, owner => owner.Forget(this));
        }
    }

    /// <summary>Keeps a thing from being freed until it is disposed, once and on the thread that took it.</summary>
    public readonly struct Lease : IDisposable
    {
        private readonly Lifetime _lifetime;

        internal Lease(Lifetime lifetime) => _lifetime = lifetime;

        /// <summary>Gives the lease back.</summary>
        public void Dispose() => _lifetime.Exit();
    }
}
