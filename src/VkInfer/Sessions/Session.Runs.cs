using VkInfer.Engine;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Vulkan;

namespace VkInfer;

/// <content>Requests for tokens one by one, of one session by itself and in a batch; the caller holds the lease.</content>
public sealed partial class Session
{
    private TokenRun? _run;
    private EngineRequest? _request;
    private SamplingOptions? _sampling;
    private double _promptMicroseconds;

    /// <summary>Whether logits of steps are kept, for <see cref="ReadLogits"/>.</summary>
    internal bool KeepsLogits { get; set; }

    /// <summary>GPU time of the last <see cref="Append"/> in microseconds; 0 where the device has no timestamps.</summary>
    internal double LastPrefillGpuMicroseconds => _promptMicroseconds > 0 ? _promptMicroseconds : LastStepGpuMicroseconds;

    /// <summary>GPU time of the engine's last step in microseconds, when no further step is under way.</summary>
    internal double LastStepGpuMicroseconds => Invoke((_, _) => _engine.Executor.ReadLastStep());

    /// <summary>The dispatches of the engine's last step, where they were timed, when no further step is under way.</summary>
    internal IReadOnlyList<DispatchTime> ReadStepProfile() => Invoke((_, _) => _engine.Executor.ReadLastProfile());

    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Tokens that the engine may be ahead; 1: it stops after this one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal int NextTokenCore(SamplingOptions sampling, int depth, CancellationToken cancellation)
    {
        Cancellation either = Cancel(cancellation);
        either.ThrowIfRequested();
        Require(sampling);
        if (PrepareRun(sampling, depth, out EngineRequest? request) is var signals && request is not null)
        {
            Signal(request, signals);
        }

        WaitForToken(either);
        return TakeToken();
    }

    /// <summary>Makes ready to take a token that is chosen so.</summary>
    /// <param name="sampling">How to choose.</param>
    /// <param name="depth">Tokens that the engine may be ahead.</param>
    /// <param name="request">What is to be signalled to the engine; null: nothing.</param>
    /// <returns>The signal.</returns>
    internal EngineSignals PrepareRun(SamplingOptions sampling, int depth, out EngineRequest? request)
    {
        request = null;
        if (_run is { IsOver: false } run && sampling.Equals(_sampling))
        {
            request = run.Ask(depth) ? _request : null;
            return EngineSignals.Resumed;
        }

        request = StartRun(sampling, depth);
        return EngineSignals.Started;
    }

    /// <summary>Throws where no token can be chosen so.</summary>
    internal void Require(SamplingOptions sampling)
    {
        if (_run is { IsOver: false } && sampling.Equals(_sampling))
        {
            return;
        }

        if (_tokens.Count == 0)
        {
            throw new InvalidOperationException("The session is empty; append a prompt first.");
        }

        if (_tokens.Count >= Capacity)
        {
            throw new ContextLengthExceededException(1, 0, Capacity);
        }

        if (!sampling.Equals(_sampling))
        {
            sampling.Validate();
            sampling.CheckVocabulary(Model.Config.VocabSize);
        }
    }

    /// <summary>Tells the engine of a request.</summary>
    internal void Signal(EngineRequest request, EngineSignals signals)
    {
        if (signals == EngineSignals.Started)
        {
            _engine.Engine.Start(request);
        }
        else
        {
            _engine.Engine.Resume(new ReadOnlySpan<EngineRequest>(in request));
        }
    }

    /// <summary>Waits for a token, and leaves it there.</summary>
    internal void WaitForToken(Cancellation cancellation)
    {
        try
        {
            if (!_run!.WaitForToken(cancellation))
            {
                throw new ContextLengthExceededException(1, 0, Capacity);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.Caller.IsCancellationRequested)
        {
            (_run, _sampling) = (null, null);
            throw;
        }
    }

    /// <summary>Takes a token that is there.</summary>
    internal int TakeToken()
    {
        int token = _run!.Take();
        _tokens.Add(token);
        _drawn++;
        return token;
    }

    /// <summary>Reads the logits of the last token that was processed, where they were kept: by a prompt, and as asked.</summary>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    internal void ReadLogits(Span<float> logits)
    {
        using Use use = Enter();
        float[] kept = new float[Model.Config.VocabSize];
        if (!Invoke((_, _) => _engine.Executor.TryReadLogits(_sequence.Sequence, kept)))
        {
            throw new InvalidOperationException("No logits were kept.");
        }

        kept.CopyTo(logits);
    }

    private EngineRequest StartRun(SamplingOptions sampling, int depth)
    {
        int? most = depth == 1 ? 1 : null;
        if (_run is { } run && sampling.Equals(_sampling) && _request is { Selection: not null, MaxTokens: 1 } last && most == 1)
        {
            // The one before has ended by itself, and all that it was still stands.
            run.Restart();
            last.Restart();
            (last.Length, last.KeepsLogits) = (_tokens.Count, KeepsLogits);
            _sequence.Starting(last);
            return last;
        }

        EndRun();
        _run = new TokenRun(isSingle: most == 1);
        _run.Ask(depth);
        _sampling = sampling;
        _request = new EngineRequest(_sequence.Sequence, _run)
        {
            Length = _tokens.Count,
            MaxTokens = most,
            ContextLength = Capacity,
            Selection = Select(sampling, masked: false),
            KeepsLogits = KeepsLogits,
            KeepsPages = true,
        };
        _sequence.Starting(_request);
        return _request;
    }

    /// <summary>Ends what the engine may still do for an earlier call.</summary>
    private void EndRun()
    {
        _sequence.Cancel();
        (_run, _request, _sampling, _answer) = (null, null, null, null);
    }

    private void Start(EngineRequest request)
    {
        _sequence.Starting(request);
        _engine.Engine.Start(request);
    }

    /// <summary>Runs a function on the engine's loop, behind what was asked of it before.</summary>
    private T Invoke<T>(Func<Scheduler, KvPool, T> function) => _engine.Engine.InvokeAsync(function).GetAwaiter().GetResult();
}
