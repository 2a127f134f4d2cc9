using VkInfer.Engine;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Sessions of one model that advance together: each step reads the weights once for all of them, as it does for all sessions that are
/// asked at the same time. They may have any lengths and capacities, and may be used by themselves between steps. Serves one caller at a
/// time. Owns nothing but itself.
/// </summary>
/// <remarks>
/// May be disposed at any moment and from any thread, and ends with any of its sessions and with the model. A step that runs then is
/// cancelled, and its caller gets <see cref="ObjectDisposedException"/>, as does every later call.
/// </remarks>
public sealed class SessionBatch : IDisposable, IAsyncDisposable
{
    private static readonly SamplingOptions DefaultSampling = new();

    private readonly Session[] _sessions;
    private readonly Session.Use[] _uses;
    private readonly EngineRequest[] _requests;
    private readonly SessionEngine[] _engines;
    private readonly (EngineRequest? Request, EngineSignals Signals)[] _signals;
    private readonly Lifetime _lifetime;

    internal SessionBatch(Model model, ReadOnlySpan<Session> sessions)
    {
        _sessions = sessions.ToArray();
        Sessions = Array.AsReadOnly(_sessions);
        if (_sessions.Length == 0)
        {
            throw new ArgumentException("No sessions: a batch needs at least one.", nameof(sessions));
        }

        if (_sessions.FirstOrDefault(session => !ReferenceEquals(session.Model, model)) is { } foreign)
        {
            throw new ArgumentException(
                $"A session belongs to model {foreign.Model.Name}; expected this one, {model.Name}.", nameof(sessions));
        }

        if (_sessions.Distinct().Count() != _sessions.Length)
        {
            throw new ArgumentException("A session is in the batch twice.", nameof(sessions));
        }

        _uses = new Session.Use[_sessions.Length];
        _requests = new EngineRequest[_sessions.Length];
        _signals = new (EngineRequest?, EngineSignals)[_sessions.Length];
        _engines = [.. _sessions.Select(session => session.Engine).Distinct()];
        using Lifetime.Lease lease = model.Lifetime.Enter();
        _lifetime = new Lifetime(nameof(SessionBatch), static () => { }, [.. _sessions.Select(session => session.Lifetime)]);
    }

    /// <summary>A batch that was forgotten ends.</summary>
    ~SessionBatch() => _lifetime?.DisposeLater();

    /// <summary>The sessions, in the order of their tokens.</summary>
    public IReadOnlyList<Session> Sessions { get; }

    /// <summary>The dispatches of the engine's last step, where they were timed, when no further step is under way.</summary>
    internal IReadOnlyList<DispatchTime> ReadStepProfile() => _sessions[0].ReadStepProfile();

    /// <summary>GPU time of the engine's last step in microseconds, when no further step is under way.</summary>
    internal double LastStepGpuMicroseconds => _sessions[0].LastStepGpuMicroseconds;

    /// <summary>
    /// Chooses the next token of every session on the device and appends it. Blocking; allocates nothing on this thread. Each session
    /// needs at least one token.
    /// </summary>
    /// <param name="tokens">Receives an id for each session.</param>
    /// <param name="sampling">How to choose, in all sessions, over <see cref="SessionOptions.Sampling"/> of each; null: as that says.</param>
    /// <param name="cancellationToken">Ends the wait; no session has then moved on.</param>
    /// <exception cref="ArgumentException"><paramref name="tokens"/> has not one place for each session.</exception>
    /// <exception cref="InvalidOperationException">A session is empty or in use by another call.</exception>
    /// <exception cref="ContextLengthExceededException">A session has as many tokens as its capacity; no session has moved on.</exception>
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for keys and values; no session has moved on.</exception>
    /// <exception cref="ObjectDisposedException">The batch, a session of it or the model is disposed, or was meanwhile.</exception>
    public void NextTokens(Span<int> tokens, SamplingOptions? sampling = null, CancellationToken cancellationToken = default) =>
        NextTokensCore(tokens, sampling ?? DefaultSampling, 1, cancellationToken);

    /// <summary>Cancels a call that waits, and waits for its end. The sessions stay.</summary>
    public void Dispose()
    {
        _lifetime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>As <see cref="Dispose"/>, without blocking: the end begins now, the task completes when no call is left.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _lifetime.DisposeAsync();
    }

    /// <param name="tokens">Receives an id for each session.</param>
    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Tokens that the engine may be ahead; 1: it stops after this one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal void NextTokensCore(Span<int> tokens, SamplingOptions sampling, int depth, CancellationToken cancellation)
    {
        using Lifetime.Lease lease = _lifetime.Enter();
        if (tokens.Length != _sessions.Length)
        {
            throw new ArgumentException($"Expected a place for each of {_sessions.Length} tokens, got {tokens.Length}.", nameof(tokens));
        }

        int entered = 0;
        try
        {
            for (; entered < _sessions.Length; entered++)
            {
                _uses[entered] = _sessions[entered].Enter();
            }

            // The batch ends with each of its sessions: its own end is all there is to watch.
            var either = new Cancellation(cancellation, _lifetime);
            Submit(sampling, depth, either);
            foreach (Session session in _sessions)
            {
                session.WaitForToken(either);
            }

            for (int i = 0; i < _sessions.Length; i++)
            {
                tokens[i] = _sessions[i].TakeToken();
            }
        }
        finally
        {
            for (int i = 0; i < entered; i++)
            {
                _uses[i].Dispose();
            }

            GC.KeepAlive(this);
        }
    }

    private void Submit(SamplingOptions sampling, int depth, Cancellation cancellation)
    {
        cancellation.ThrowIfRequested();
        foreach (Session session in _sessions)
        {
            session.Require(sampling);
        }

        // From here on nothing throws: what is prepared is started.
        for (int i = 0; i < _sessions.Length; i++)
        {
            EngineSignals signals = _sessions[i].PrepareRun(sampling, depth, out EngineRequest? request);
            _signals[i] = (request, signals);
        }

        // Together, so that they begin in one step.
        foreach (SessionEngine engine in _engines)
        {
            engine.Engine.Start(Signalled(engine, EngineSignals.Started));
            engine.Engine.Resume(Signalled(engine, EngineSignals.Resumed));
        }
    }

    private ReadOnlySpan<EngineRequest> Signalled(SessionEngine engine, EngineSignals signals)
    {
        int count = 0;
        for (int i = 0; i < _sessions.Length; i++)
        {
            if (ReferenceEquals(_sessions[i].Engine, engine) && _signals[i].Signals == signals && _signals[i].Request is { } request)
            {
                _requests[count++] = request;
            }
        }

        return _requests.AsSpan(0, count);
    }
}
