using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;

namespace VkInfer.Engine;

/// <summary>The requests that have not ended: how each begins, and how it ends. Used by the engine's loop alone.</summary>
internal sealed class LiveRequests
{
    private readonly ModelEngine _engine;
    private readonly Scheduler _scheduler;
    private readonly IExecutor _executor;
    private readonly StepTimes _times;
    private readonly TimeProvider _clock;
    private readonly long _begin;
    private readonly Dictionary<Sequence, EngineRequest> _live = [];

    /// <param name="engine">Hears of masks that are ready, and of cancellation.</param>
    /// <param name="scheduler">Takes their sequences.</param>
    /// <param name="executor">Keeps something of each on the device.</param>
    /// <param name="times">What rows cost.</param>
    /// <param name="clock">Of deadlines.</param>
    public LiveRequests(ModelEngine engine, Scheduler scheduler, IExecutor executor, StepTimes times, TimeProvider clock)
    {
        (_engine, _scheduler, _executor, _times, _clock) = (engine, scheduler, executor, times, clock);
        _begin = clock.GetTimestamp();
    }

    /// <summary>The time, on the clock of deadlines.</summary>
    public TimeSpan Now => _clock.GetElapsedTime(_begin);

    /// <summary>The request of a sequence; null: it has none.</summary>
    public EngineRequest? Find(Sequence sequence) => _live.GetValueOrDefault(sequence);

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

    /// <summary>Ends the request of a sequence that the scheduler ended.</summary>
    public void End(Sequence sequence, EndReason reason)
    {
        if (_live.TryGetValue(sequence, out EngineRequest? request))
        {
            End(request, reason == EndReason.Deadline ? FinishReason.DeadlineExceeded : FinishReason.OutOfPages);
        }
    }

    /// <summary>Ends a request for a reason of the engine's own.</summary>
    public void End(EngineRequest request, FinishReason reason)
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

    /// <summary>Ends a request with which something went wrong.</summary>
    public void Fail(EngineRequest request, Exception exception)
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

    /// <summary>Takes a request out, and its sequence.</summary>
    public void Leave(EngineRequest request)
    {
        request.IsLive = false;
        _live.Remove(request.Sequence);
        request.Dispose();
        _scheduler.Remove(request.Sequence, request.KeepsPages);
        _executor.Release(request.Sequence, request.KeepsPages);
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

        if (signals.HasFlag(EngineSignals.Prepared))
        {
            TakePrepared(request);
        }

        if (signals.HasFlag(EngineSignals.Resumed))
        {
            _scheduler.Unpark(request.Sequence);
        }
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
                request.Speculator?.Guess(sequence.Tokens);
                request.Prepare(_engine, drafts: 0);
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

    private void TakePrepared(EngineRequest request)
    {
        if (request.MaskFailure is { } failure)
        {
            Fail(request, failure);
            return;
        }

        request.Sequence.IsPaused = false;
        if (request.IsScheduled)
        {
            request.Drafter?.Report(_times);
            if (request.Speculator is { } speculator)
            {
                speculator.Propose(request.Sequence, speculator.Best(_scheduler.Sharing, _times));
            }

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
}
