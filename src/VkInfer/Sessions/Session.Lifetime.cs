using VkInfer.Vulkan;

namespace VkInfer;

/// <content>Who may use the session, and until when.</content>
public sealed partial class Session
{
    private int _busy;

    /// <summary>A session that was forgotten gives its pages back.</summary>
    ~Session() => _lifetime?.DisposeLater();

    /// <summary>Cancels what runs, waits for its end, and gives the session's pages back.</summary>
    public void Dispose()
    {
        _lifetime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking: the end begins now, the task completes when the pages are free.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _lifetime.DisposeAsync();
    }

    /// <summary>Makes the session this caller's; no user's code may run until that ends.</summary>
    internal Use Enter()
    {
        Occupy();
        if (_lifetime.TryEnter())
        {
            return new Use(this);
        }

        Free();
        throw _lifetime.Disposed();
    }

    // Apart from the constructor: what frees the session must not know it, or it would never be collected.
    private static Lifetime Begin(SessionSequence sequence, Lifetime model) => new(nameof(Session), sequence.Free, model);

    private void Occupy()
    {
        _lifetime.ThrowIfClosed();
        if (Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            throw new InvalidOperationException("The session is in use by another call; a session serves one caller at a time.");
        }
    }

    private void Free() => Volatile.Write(ref _busy, 0);

    /// <summary>A caller's token and the session's own end.</summary>
    private Cancellation Cancel(CancellationToken caller) => new(caller, _lifetime);

    /// <summary>The session is one caller's, and is not freed, until this is disposed.</summary>
    internal readonly struct Use : IDisposable
    {
        private readonly Session _session;

        public Use(Session session) => _session = session;

        public void Dispose()
        {
            _session._lifetime.Exit();
            _session.Free();
        }
    }
}
