using VkInfer.Vulkan;

namespace VkInfer.Extensions.AI;

/// <summary>
/// The sessions that requests run in: each request has one to itself, and waits in order where all are taken. Sessions are kept, since each
/// owns a KV cache. Thread-safe.
/// </summary>
internal sealed class SessionPool : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Stack<Session> _idle = [];
    private readonly LinkedList<TaskCompletionSource<Session?>> _waiting = [];
    private int _limit;
    private int _count;
    private bool _disposed;

    /// <param name="model">The model; stays the caller's.</param>
    /// <param name="limit">Most sessions at a time.</param>
    public SessionPool(Model model, int limit)
    {
        Model = model;
        _limit = limit;
    }

    public Model Model { get; }

    /// <summary>Sessions that there are, idle ones included.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Takes an empty session; it is given back by <see cref="Return"/>.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is no room for even one.</exception>
    public async ValueTask<Session> RentAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LinkedListNode<TaskCompletionSource<Session?>>? waiter = null;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(VkInferChatClient));
                if (_idle.TryPop(out Session? idle))
                {
                    return idle;
                }

                if (_count < _limit)
                {
                    _count++;
                }
                else
                {
                    waiter = _waiting.AddLast(new TaskCompletionSource<Session?>(TaskCreationOptions.RunContinuationsAsynchronously));
                }
            }

            Session? session = waiter is null
                ? await Task.Run(TryCreate, CancellationToken.None).ConfigureAwait(false)
                : await WaitAsync(waiter, cancellationToken).ConfigureAwait(false);
            if (session is not null)
            {
                return session;
            }
        }
    }

    /// <summary>Gives a session back.</summary>
    /// <param name="session">What <see cref="RentAsync"/> gave.</param>
    /// <param name="isSound">Whether it may serve again.</param>
    public void Return(Session session, bool isSound)
    {
        if (!isSound || !TryReset(session))
        {
            session.Dispose();
            lock (_lock)
            {
                _count--;
                Wake(null);
            }

            return;
        }

        lock (_lock)
        {
            if (!_disposed)
            {
                if (!Wake(session))
                {
                    _idle.Push(session);
                }

                return;
            }
        }

        session.Dispose();
    }

    /// <summary>Ends all sessions; calls that wait for one get <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        Session[] idle;
        lock (_lock)
        {
            _disposed = true;
            idle = [.. _idle];
            _idle.Clear();
            while (Wake(null))
            {
            }
        }

        foreach (Session session in idle)
        {
            session.Dispose();
        }
    }

    private static bool TryReset(Session session)
    {
        try
        {
            session.Reset();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Null where the device has no memory for another beside those there are.</summary>
    private Session? TryCreate()
    {
        try
        {
            return Model.CreateSession();
        }
        catch (OutOfDeviceMemoryException)
        {
            lock (_lock)
            {
                _count--;
                if (_count == 0)
                {
                    Wake(null);
                    throw;
                }

                _limit = Math.Min(_limit, _count);
                return null;
            }
        }
        catch
        {
            lock (_lock)
            {
                _count--;
                Wake(null);
            }

            throw;
        }
    }

    private async Task<Session?> WaitAsync(LinkedListNode<TaskCompletionSource<Session?>> waiter, CancellationToken cancellationToken)
    {
        try
        {
            return await waiter.Value.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (waiter.List is not null)
                {
                    _waiting.Remove(waiter);
                    throw;
                }
            }

            // It was given a session at the same moment, which the next one can have.
            if (await waiter.Value.Task.ConfigureAwait(false) is { } session)
            {
                Return(session, isSound: true);
            }
            else
            {
                lock (_lock)
                {
                    Wake(null);
                }
            }

            throw;
        }
    }

    /// <summary>Hands a session to who waits longest, or null: to look again. False where nobody waits. Called under the lock.</summary>
    private bool Wake(Session? session)
    {
        if (_waiting.First is not { } first)
        {
            return false;
        }

        _waiting.RemoveFirst();
        first.Value.SetResult(session);
        return true;
    }
}
