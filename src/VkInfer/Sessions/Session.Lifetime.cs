using VkInfer.Engine.Cache;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <content>Who may use the session, and until when.</content>
public sealed partial class Session
{
    private int _busy;

    /// <summary>A session that was forgotten gives its memory back.</summary>
    ~Session() => _lifetime?.DisposeLater();

    /// <summary>Cancels what runs, waits for its end, and frees the session's memory.</summary>
    public void Dispose()
    {
        _lifetime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking: the end begins now, the task completes when the memory is free.</summary>
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

        Volatile.Write(ref _busy, 0);
        throw _lifetime.Disposed();
    }

    // Apart from the constructor: what frees the session must not know it, or it would never be collected.
    private static Lifetime Begin(DecodeRunner decode, KvCache cache, GpuDevice device, Lifetime model) => new(
        nameof(Session),
        () =>
        {
            decode.Dispose();
            cache.Dispose();
            device.Settle();
        },
        model);

    private void Occupy()
    {
        _lifetime.ThrowIfClosed();
        if (Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            throw new InvalidOperationException("The session is in use by another call; a session serves one caller at a time.");
        }
    }

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
            Volatile.Write(ref _session._busy, 0);
        }
    }
}
