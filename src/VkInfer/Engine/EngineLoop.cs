using VkInfer.Engine.Answers;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine;

/// <summary>
/// What the engine does between waking up and going to sleep. Used by one thread at a time: the engine's, and the one that ends it.
/// </summary>
internal sealed class EngineLoop : IDisposable
{
    /// <summary>Steps under way while another is planned.</summary>
    private const int Ahead = 1;

    private readonly ModelEngine _engine;
    private readonly SchedulerOptions _options;
    private readonly KvPool _pool;
    private readonly Scheduler _scheduler;
    private readonly IExecutor _executor;
    private readonly TimeProvider _clock;
    private readonly long _begin;
    private readonly Dictionary<Sequence, EngineRequest> _live = [];
    private readonly Queue<StepPlan> _underWay = new();
    private readonly Stack<StepPlan> _unused = new();
    private readonly StepOutcome _outcome = new();
    private readonly Action<Sequence, EndReason> _ended;
    private readonly EngineCounts _counts;

    public EngineLoop(
        ModelEngine engine, SchedulerOptions options, KvPool pool, IExecutor executor, TimeProvider clock, EngineCounts counts)
    {
        _counts = counts;
        _engine = engine;
        _options = options;
        _pool = pool;
        _scheduler = new Scheduler(options, pool);
        _executor = executor;
        _clock = clock;
        _begin = clock.GetTimestamp();
        _ended = OnEnded;
    }

    private TimeSpan Now => _clock.GetElapsedTime(_begin);

    public T Invoke<T>(Func<Scheduler, KvPool, T> function) => function(_scheduler, _pool);

    /// <summary>Takes note of what happened to a request; what goes wrong with that, ends it.</summary>
    public void Handle(EngineRequest request, EngineSignals signals)
    {
        try
        {
            Take(request, signals);
        }
#pragma warning disable CA1031 // Others' signals are still to be heard.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (request.IsLive)
            {
                FailSafely(request, exception);
            }
        }
    }

    private void Take(EngineRequest request, EngineSignals signals)
    {
        if (signals.HasFlag(EngineSignals.Started))
        {
            Begin(request);
        }

        if (!request.IsLive)
        {
            return;
        }

        if (signals.HasFlag(EngineSignals.Cancelled))
        {
            Fail(request, new OperationCanceledException(request.Cancellation));
            return;
        }

        if (signals.HasFlag(EngineSignals.MaskReady))
        {
            TakeMask(request);
        }

        if (signals.HasFlag(EngineSignals.Resumed))
        {
            _scheduler.Unpark(request.Sequence);
        }
    }

    /// <summary>Plans and submits a step, and hands over those before it but one.</summary>
    /// <returns>Whether anything happened.</returns>
    public bool Step()
    {
        StepPlan plan = _unused.TryPop(out StepPlan? unused) ? unused : new StepPlan();
        _scheduler.Plan(Now, plan, _ended);
        bool submitted = plan.Rows.Count > 0 && Submit(plan);
        if (!submitted)
        {
            _unused.Push(plan);
        }

        bool delivered = false;
        while (_underWay.Count > (submitted ? Ahead : 0))
        {
            Deliver();
            delivered = true;
        }

        _counts.Look(_scheduler, _pool);
        return submitted || delivered;
    }

    /// <summary>How long it is until a request ends by its deadline; null: none will.</summary>
    public TimeSpan? UntilNextDeadline()
    {
        TimeSpan? next = null;
        foreach (Sequence sequence in _live.Keys)
        {
            if (sequence.State != SequenceState.Idle && (next is null || sequence.Deadline < next))
            {
                next = sequence.Deadline;
            }
        }

        TimeSpan now = Now;
        return next is { } deadline ? deadline > now ? deadline - now : TimeSpan.Zero : null;
    }

    /// <summary>Ends all requests.</summary>
    public void FailAll(Exception exception)
    {
        foreach (EngineRequest request in _live.Values.ToArray())
        {
            FailSafely(request, exception);
        }
    }

    /// <summary>Waits for what is under way, and frees the executor.</summary>
    public void Dispose()
    {
        try
        {
            while (_underWay.TryDequeue(out _))
            {
                _executor.Complete(_outcome);
            }
        }
#pragma warning disable CA1031 // Nobody is left to tell.
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        _executor.Dispose();
    }

    private void Begin(EngineRequest request)
    {
        if (!_live.TryAdd(request.Sequence, request))
        {
            request.Receiver.Fail(new InvalidOperationException("Another request of the sequence has not ended."));
            return;
        }

        request.IsLive = true;
        Sequence sequence = request.Sequence;
        int known = sequence.Tokens.Length;
        request.LengthBefore = Math.Min(request.Length ?? known, known);
        try
        {
            if (request.Length > known)
            {
                throw new InvalidOperationException($"The sequence has {known} tokens; expected {request.Length}.");
            }

            request.Cancellation.ThrowIfCancellationRequested();
            _engine.Watch(request);
            if (request.Length < known)
            {
                _scheduler.Truncate(sequence, request.Length.Value);
            }

            sequence.AddPrompt(request.Prompt.Span);
            int room = request.ContextLength - sequence.Tokens.Length;
            if (sequence.Tokens.IsEmpty || room < 0)
            {
                throw sequence.Tokens.IsEmpty
                    ? new ArgumentException("No tokens: a prompt needs at least one.")
                    : new ContextLengthExceededException(request.Prompt.Length, room + request.Prompt.Length, request.ContextLength);
            }

            bool chooses = request.Selection is not null;
            if (room == 0 && chooses)
            {
                End(request, FinishReason.ContextFull);
                return;
            }

            (sequence.Chooses, sequence.KeepsLogits, sequence.LogitsTarget) = (chooses, request.KeepsLogits, request.LogitsTarget);
            sequence.HiddenTarget = request.HiddenTarget;
            sequence.MaxLength = sequence.Tokens.Length + (chooses ? Math.Min(room, request.MaxTokens ?? room) : 1);
            sequence.Priority = request.Priority;
            sequence.Deadline = request.TimeLimit is { } limit ? Now + limit : null;
            sequence.NeedsKnownTokens = request.Grammar is not null;
            sequence.Select(request.Selection);
            sequence.IsPaused = false;
            if (request.Grammar is null)
            {
                Schedule(request);
            }
            else
            {
                request.BeginMask(_engine);
            }
        }
#pragma warning disable CA1031 // A request that cannot begin is its caller's affair.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(request, exception);
        }
    }

    private void Schedule(EngineRequest request)
    {
        _scheduler.Add(request.Sequence);
        request.IsScheduled = true;
    }

    private void TakeMask(EngineRequest request)
    {
        if (request.MaskFailure is { } failure)
        {
            Fail(request, failure);
            return;
        }

        request.Sequence.IsPaused = false;
        if (request.IsScheduled)
        {
            return;
        }

        try
        {
            Schedule(request);
        }
        catch (InvalidOperationException exception)
        {
            Fail(request, exception);
        }
    }

    private bool Submit(StepPlan plan)
    {
        try
        {
            _executor.Submit(plan);
            _underWay.Enqueue(plan);
            _counts.AddStep(plan.RowCount);
            return true;
        }
#pragma warning disable CA1031 // What the step was for fails; others may go on.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Abandon(plan, exception);
            return false;
        }
    }

    private void Deliver()
    {
        StepPlan plan = _underWay.Dequeue();
        _outcome.Clear();
        try
        {
            _executor.Complete(_outcome);
        }
#pragma warning disable CA1031 // No step under way will end well.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Abandon(plan, exception);
            while (_underWay.TryDequeue(out StepPlan? next))
            {
                Abandon(next, exception);
                _unused.Push(next);
            }

            _unused.Push(plan);
            return;
        }

        Observe(plan);
        EngineMeter.RecordStep(_counts, _outcome.Time);
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            Deliver(plan.Rows[i], i);
        }

        _unused.Push(plan);
    }

    private void Deliver(StepRows rows, int index)
    {
        ReadOnlySpan<int> tokens = _outcome.Tokens(index);
        if (!_scheduler.Complete(rows, tokens) || !_live.TryGetValue(rows.Sequence, out EngineRequest? request))
        {
            return;
        }

        request.PromptMicroseconds += request.HasBegun ? 0 : _outcome.GpuMicroseconds;
        if (!rows.WantsLogits)
        {
            EndWithoutToken(request, rows);
            return;
        }

        try
        {
            Deliver(request, tokens, _outcome.LogProbabilities(index), _outcome.Fault(index));
        }
#pragma warning disable CA1031 // What goes wrong with one answer ends that answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(request, exception);
        }
    }

    private void Deliver(
        EngineRequest request, ReadOnlySpan<int> tokens, ReadOnlySpan<TokenLogProbabilities?> logProbabilities, ChoiceFault fault)
    {
        Sequence sequence = request.Sequence;
        if (fault != ChoiceFault.None)
        {
            Fail(request, Explain(request, fault));
            return;
        }

        sequence.LogitsAt = sequence.KeepsLogits && sequence.InFlight == 0 ? sequence.Tokens.Length - 1 : -1;
        BeginAnswer(request);
        Reception reception = Reception.GoOn;
        for (int i = 0; i < tokens.Length; i++)
        {
            reception = request.Receiver.Accept(tokens[i], logProbabilities[i]);
            if (reception == Reception.Ended)
            {
                Leave(request);

                // Guesses that hold may go beyond the end.
                _scheduler.Truncate(sequence, sequence.Tokens.Length - (tokens.Length - 1 - i));
                return;
            }
        }

        if (sequence.Tokens.Length >= sequence.MaxLength)
        {
            End(request, sequence.MaxLength < request.ContextLength ? FinishReason.MaxTokens : FinishReason.ContextFull);
            return;
        }

        if (request.Grammar is not null)
        {
            sequence.IsPaused = true;
            request.BeginMask(_engine);
        }

        if (reception == Reception.Wait)
        {
            _scheduler.Park(sequence);
        }
    }

    private void BeginAnswer(EngineRequest request)
    {
        if (!request.HasBegun)
        {
            request.HasBegun = true;
            _counts.AddPrompt(request.Sequence.PromptLength, request.Sequence.CachedTokens ?? 0);
            request.Receiver.Begin(request.Sequence.CachedTokens ?? 0);
        }
    }

    /// <summary>A request for no token ends when its prompt is processed.</summary>
    private void EndWithoutToken(EngineRequest request, StepRows rows)
    {
        Sequence sequence = request.Sequence;
        if (!sequence.Chooses && rows.First + rows.Count == sequence.Tokens.Length)
        {
            sequence.LogitsAt = sequence.KeepsLogits ? sequence.Tokens.Length : -1;
            BeginAnswer(request);
            End(request, FinishReason.MaxTokens);
        }
    }

    private InvalidLogitsException Explain(EngineRequest request, ChoiceFault fault)
    {
        int position = request.Sequence.Tokens.Length - 1;
        return fault == ChoiceFault.LogitsNotFinite
            ? InvalidLogitsException.NotFinite(position, _executor.FindNotFinite(request.Sequence))
            : InvalidLogitsException.NoneAllowed(
                position, request.Selection!.Sampling.LogitBias.Count > 0, request.Selection.Mask is not null);
    }

    private void Observe(StepPlan plan)
    {
        int decode = 0;
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            decode += rows.First >= rows.Sequence.PromptLength - 1 ? rows.Count : 0;
        }

        _options.Policy.Observe(decode, plan.RowCount - decode, _outcome.Time);
    }

    /// <summary>A step that was not submitted, or did not end: its pages hold nothing, and its sequences cannot go on.</summary>
    private void Abandon(StepPlan plan, Exception exception)
    {
        _scheduler.Abandon(plan);
        foreach (StepRows rows in plan.Rows)
        {
            if (rows.IsCurrent && _live.TryGetValue(rows.Sequence, out EngineRequest? request))
            {
                Fail(request, exception);
            }
        }
    }

    private void OnEnded(Sequence sequence, EndReason reason)
    {
        if (_live.TryGetValue(sequence, out EngineRequest? request))
        {
            End(request, reason == EndReason.Deadline ? FinishReason.DeadlineExceeded : FinishReason.OutOfPages);
        }
    }

    private void End(EngineRequest request, FinishReason reason)
    {
        Leave(request);
        try
        {
            request.Receiver.End(reason);
        }
#pragma warning disable CA1031 // What goes wrong with one answer ends that answer.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            request.Receiver.Fail(exception);
        }
    }

    private void Fail(EngineRequest request, Exception exception)
    {
        try
        {
            Leave(request);
            if (!request.HasBegun)
            {
                // A prompt that was not processed to its end leaves the sequence as it was.
                _scheduler.Truncate(request.Sequence, request.LengthBefore);
            }
        }
        finally
        {
            request.Receiver.Fail(exception);
        }
    }

    private void FailSafely(EngineRequest request, Exception exception)
    {
        try
        {
            Fail(request, exception);
        }
#pragma warning disable CA1031 // Its receiver knows; others are still to learn.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>Takes a request out, and its sequence.</summary>
    private void Leave(EngineRequest request)
    {
        request.IsLive = false;
        request.Dispose();
        _live.Remove(request.Sequence);
        _scheduler.Remove(request.Sequence, request.KeepsPages);
        _executor.Release(request.Sequence, request.KeepsPages);
    }
}
