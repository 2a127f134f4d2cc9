using VkInfer.Transformer;

namespace VkInfer;

/// <summary>
/// Sessions of one model that advance together: each step reads the weights once for all of them, and each attends to its own KV cache.
/// They may have any lengths and capacities, and may be used by themselves between steps. The sessions are fixed; when one leaves or
/// joins, make another batch, which costs milliseconds. Serves one caller at a time. Owns device memory until disposed, but not the
/// sessions.
/// </summary>
public sealed class SessionBatch : IDisposable
{
    private static readonly SamplingOptions DefaultSampling = new();

    private readonly Session[] _sessions;
    private readonly Session.Lease[] _leases;
    private readonly BatchRunner _runner;
    private bool _disposed;

    internal SessionBatch(Model model, ReadOnlySpan<Session> sessions)
    {
        _sessions = sessions.ToArray();
        if (_sessions.Length == 0)
        {
            throw new ArgumentException("No sessions: a batch needs at least one.", nameof(sessions));
        }

        if (_sessions.FirstOrDefault(session => !ReferenceEquals(session.Model, model)) is { } foreign)
        {
            throw new ArgumentException($"A session belongs to model {foreign.Model.Name}; expected this one, {model.Name}.", nameof(sessions));
        }

        if (_sessions.Distinct().Count() != _sessions.Length)
        {
            throw new ArgumentException("A session is in the batch twice.", nameof(sessions));
        }

        if (_sessions.Any(session => session.Linear != _sessions[0].Linear))
        {
            throw new ArgumentException("The sessions of a batch share their linear layers: expected one choice of them.", nameof(sessions));
        }

        _leases = new Session.Lease[_sessions.Length];
        _runner = new BatchRunner(
            model.Gpu, model.Config, _sessions[0].Transformer, model.Kernels, [.. _sessions.Select(session => session.Decode)], model.MatrixInputTypes);
    }

    /// <summary>The sessions, in the order of their tokens.</summary>
    public IReadOnlyList<Session> Sessions => _sessions;

    /// <summary>The last step's dispatches, where they were timed, when no further step is under way.</summary>
    internal IReadOnlyList<Vulkan.DispatchTime> ReadStepProfile() => _runner.ReadProfile();

    /// <summary>GPU time of the last step's layers in microseconds, when no further step is under way.</summary>
    internal double LastStepGpuMicroseconds => _runner.LastGpuMicroseconds;

    /// <summary>
    /// Chooses the next token of every session on the device and appends it. Blocking; allocates nothing. Each session needs at least one token.
    /// </summary>
    /// <param name="tokens">Receives an id for each session.</param>
    /// <param name="sampling">How to choose, in all sessions; null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait; no session has then moved on.</param>
    /// <exception cref="ArgumentException"><paramref name="tokens"/> has not one place for each session.</exception>
    /// <exception cref="InvalidOperationException">A session is empty or in use by another call.</exception>
    /// <exception cref="ContextLengthExceededException">A session's KV cache is full; no session has moved on.</exception>
    public void NextTokens(Span<int> tokens, SamplingOptions? sampling = null, CancellationToken cancellationToken = default) =>
        NextTokensCore(tokens, sampling ?? DefaultSampling, 1, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _runner.Dispose();
        }
    }

    /// <param name="tokens">Receives an id for each session.</param>
    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Steps to keep under way, up to <see cref="DecodeRunner.MaxInFlight"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal void NextTokensCore(Span<int> tokens, SamplingOptions sampling, int depth, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (tokens.Length != _sessions.Length)
        {
            throw new ArgumentException($"Expected a place for each of {_sessions.Length} tokens, got {tokens.Length}.", nameof(tokens));
        }

        int entered = 0;
        try
        {
            for (; entered < _sessions.Length; entered++)
            {
                _leases[entered] = _sessions[entered].Enter();
            }

            Submit(sampling, depth, cancellation);
            foreach (Session session in _sessions)
            {
                session.WaitForToken(cancellation);
            }

            for (int i = 0; i < _sessions.Length; i++)
            {
                tokens[i] = _sessions[i].TakeToken(CancellationToken.None);
            }
        }
        finally
        {
            for (int i = 0; i < entered; i++)
            {
                _leases[i].Dispose();
            }
        }
    }

    private void Submit(SamplingOptions sampling, int depth, CancellationToken cancellation)
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
                session.SubmitUpTo(1);
            }
        }

        while (CanSubmit(depth))
        {
            _runner.SubmitStep();
        }

        // Where one has no space for a step ahead, or has steps under way from a call of its own, the others still need one.
        foreach (Session session in _sessions)
        {
            session.SubmitUpTo(1);
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
