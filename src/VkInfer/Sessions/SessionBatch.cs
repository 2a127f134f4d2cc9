using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Sessions of one model that advance together: each step reads the weights once for all of them, and each attends to its own KV cache.
/// They may have any lengths and capacities, and may be used by themselves between steps. The sessions are fixed; when one leaves or
/// joins, make another batch, which costs milliseconds. Serves one caller at a time. Owns device memory until disposed, or until it is
/// forgotten and collected, but not the sessions.
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
    private readonly BatchRunner _runner;
    private readonly Lifetime _lifetime;

    internal SessionBatch(Model model, ReadOnlySpan<Session> sessions)
    {
        _sessions = sessions.ToArray();
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

        if (_sessions.Any(session => session.Linear != _sessions[0].Linear))
        {
            throw new ArgumentException(
                "The sessions of a batch share their linear layers: expected one choice of them.", nameof(sessions));
        }

        _uses = new Session.Use[_sessions.Length];
        using Lifetime.Lease lease = model.Lifetime.Enter();
        _runner = new BatchRunner(
            model.Gpu, model.Config, _sessions[0].Transformer, model.Kernels, [.. _sessions.Select(session => session.Decode)],
            model.MatrixInputTypes, new Cancellation(default, model.Lifetime));
        try
        {
            _lifetime = Begin(_runner, model.Gpu, [.. _sessions.Select(session => session.Lifetime)]);
        }
        catch
        {
            _runner.Dispose();
            throw;
        }
    }

    /// <summary>A batch that was forgotten gives its memory back.</summary>
    ~SessionBatch() => _lifetime?.DisposeLater();

    /// <summary>The sessions, in the order of their tokens.</summary>
    public IReadOnlyList<Session> Sessions => _sessions;

    /// <summary>The last step's dispatches, where they were timed, when no further step is under way.</summary>
    internal IReadOnlyList<Vulkan.DispatchTime> ReadStepProfile() => _runner.ReadProfile();

    /// <summary>Dispatches that chose the tokens of the last step that all sessions took together.</summary>
    internal int DispatchesPerChoice => _runner.DispatchesPerChoice;

    /// <summary>GPU time of the last step's layers in microseconds, when no further step is under way.</summary>
    internal double LastStepGpuMicroseconds => _runner.LastGpuMicroseconds;

    /// <summary>
    /// Chooses the next token of every session on the device and appends it. Blocking; allocates nothing. Each session needs at least one
    /// token.
    /// </summary>
    /// <param name="tokens">Receives an id for each session.</param>
    /// <param name="sampling">How to choose, in all sessions; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait; no session has then moved on.</param>
    /// <exception cref="ArgumentException"><paramref name="tokens"/> has not one place for each session.</exception>
    /// <exception cref="InvalidOperationException">A session is empty or in use by another call.</exception>
    /// <exception cref="ContextLengthExceededException">A session has as many tokens as its capacity; no session has moved on.</exception>
    /// <exception cref="OutOfDeviceMemoryException">There is no device memory for keys and values; no session has moved on.</exception>
    /// <exception cref="ObjectDisposedException">The batch, a session of it or the model is disposed, or was meanwhile.</exception>
    public void NextTokens(Span<int> tokens, SamplingOptions? sampling = null, CancellationToken cancellationToken = default) =>
        NextTokensCore(tokens, sampling ?? DefaultSampling, 1, cancellationToken);

    /// <summary>Cancels a step that runs, waits for its end, and frees the batch's memory. The sessions stay.</summary>
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

    /// <param name="tokens">Receives an id for each session.</param>
    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Steps to keep under way, up to <see cref="DecodeRunner.MaxInFlight"/>.</param>
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
                tokens[i] = _sessions[i].TakeToken(default);
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

    // Apart from the constructor: what frees the batch must not know it, or it would never be collected.
    private static Lifetime Begin(BatchRunner runner, GpuDevice device, Lifetime[] sessions) => new(
        nameof(SessionBatch),
        () =>
        {
            runner.Dispose();
            device.Settle();
        },
        sessions);

    private void Submit(SamplingOptions sampling, int depth, Cancellation cancellation)
    {
        foreach (Session session in _sessions)
        {
            session.PrepareRun(sampling, masked: false, cancellation);
            session.RequireSpace();
        }

        // Some may stand behind a prefill, whose logits need only a choice: after it, all need the same.
        if (Array.Exists(_sessions, static session => session.HasLogits))
        {
            foreach (Session session in _sessions)
            {
                session.SubmitUpTo(1, cancellation);
            }
        }

        while (CanSubmit(depth))
        {
            foreach (Session session in _sessions)
            {
                session.ReserveStep(cancellation);
            }

            _runner.SubmitStep(cancellation);
        }

        // Where one has no space for a step ahead, or has steps under way from a call of its own, the others still need one.
        foreach (Session session in _sessions)
        {
            session.SubmitUpTo(1, cancellation);
        }
    }

    private bool CanSubmit(int depth)
    {
        foreach (Session session in _sessions)
        {
            if (!session.CanSubmit(depth))
            {
                return false;
            }
        }

        return true;
    }
}
