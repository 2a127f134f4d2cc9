using VkInfer.Engine.Cache;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Engine.Speculation;

namespace VkInfer.Engine;

/// <summary>
/// What the engine does between waking up and going to sleep. Used by one thread at a time: the engine's, and the one that ends it.
/// </summary>
internal sealed class EngineLoop : IDisposable
{
    /// <summary>Steps under way while another is planned.</summary>
    private const int Ahead = 1;

    private readonly SchedulerOptions _options;
    private readonly KvPool _pool;
    private readonly Scheduler _scheduler;
    private readonly IExecutor _executor;
    private readonly TokenDelivery _delivery;
    private readonly Queue<StepPlan> _underWay = new();
    private readonly Stack<StepPlan> _unused = new();
    private readonly StepOutcome _outcome = new();
    private readonly StepTimes _times = new();
    private readonly Action<Sequence, EndReason> _ended;
    private readonly EngineCounts _counts;

    public EngineLoop(
        ModelEngine engine, SchedulerOptions options, KvPool pool, IExecutor executor, TimeProvider clock, EngineCounts counts)
    {
        _counts = counts;
        _options = options;
        _pool = pool;
        _scheduler = new Scheduler(options, pool);
        _executor = executor;
        Requests = new LiveRequests(engine, _scheduler, executor, _times, clock);
        _delivery = new TokenDelivery(engine, _scheduler, Requests, executor, _times, counts);
        _ended = Requests.End;
    }

    /// <summary>The requests that have not ended.</summary>
    public LiveRequests Requests { get; }

    public T Invoke<T>(Func<Scheduler, KvPool, T> function) => function(_scheduler, _pool);

    /// <summary>Plans and submits a step, and hands over those before it but one.</summary>
    /// <returns>Whether anything happened.</returns>
    public bool Step()
    {
        StepPlan plan = _unused.TryPop(out StepPlan? unused) ? unused : new StepPlan();
        _scheduler.Plan(Requests.Now, plan, _ended);
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
                EndUnseen();
                Abandon(next, exception);
                _unused.Push(next);
            }

            _unused.Push(plan);
            return;
        }

        if (_outcome.IsVoid)
        {
            _scheduler.Redo(plan);
            _unused.Push(plan);
            return;
        }

        Observe(plan);
        EngineMeter.RecordStep(_counts, _outcome.Time);
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            _delivery.Deliver(plan.Rows[i], _outcome, i);
        }

        _unused.Push(plan);
    }

    /// <summary>The executor is to know that the earliest step has ended, whatever that came to.</summary>
    private void EndUnseen()
    {
        try
        {
            _executor.Complete(_outcome);
        }
#pragma warning disable CA1031 // The requests of the step fail anyway.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
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
        if (decode == plan.RowCount && decode > 0)
        {
            _times.Observe(decode, _outcome.Time);
        }
    }

    /// <summary>A step that was not submitted, or did not end: its pages hold nothing, and its sequences cannot go on.</summary>
    private void Abandon(StepPlan plan, Exception exception)
    {
        _scheduler.Abandon(plan);
        foreach (StepRows rows in plan.Rows)
        {
            if (rows.IsCurrent && Requests.Find(rows.Sequence) is { } request)
            {
                Requests.Fail(request, exception);
            }
        }
    }
}
