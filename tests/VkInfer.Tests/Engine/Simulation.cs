using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>An engine without a device: a scheduler, a pool and a simulated device, with up to two steps under way.</summary>
internal sealed class Simulation
{
    private readonly Queue<(List<StepRows> Rows, List<int[]> Chosen)> _underWay = new();
    private readonly StepPlan _plan = new();
    private readonly SchedulerOptions _options;

    public Simulation(
        CacheGroup[] groups, int pages, SchedulerOptions options, bool sharesPrefixes = true, int mostRemembered = int.MaxValue,
        int states = 0)
    {
        _options = options;
        States = states > 0 ? new StatePool(states, sharesPrefixes ? states / 2 : 0) : null;
        Pool = new KvPool(groups, pages, sharesPrefixes, mostRemembered, States);
        Scheduler = new Scheduler(options, Pool);
        Device = new SimulatedDevice(groups, pages, states);
    }

    public KvPool Pool { get; }

    public StatePool? States { get; }

    public Scheduler Scheduler { get; }

    public SimulatedDevice Device { get; }

    public TimeSpan Now { get; set; }

    public int Steps { get; private set; }

    /// <summary>Sequences that ended by themselves, and why: null for those that reached their length.</summary>
    public Dictionary<Sequence, EndReason?> Ended { get; } = [];

    /// <summary>Called with each plan that has rows.</summary>
    public Action<StepPlan>? Planned { get; set; }

    /// <summary>Called before each step with each sequence that decodes.</summary>
    public Action<Sequence>? Speculate { get; init; }

    /// <summary>Plans and submits a step, and hands over those before it but <paramref name="ahead"/>.</summary>
    /// <returns>Whether anything happened.</returns>
    public bool Step(int ahead = 1, bool keepPages = false)
    {
        foreach (Sequence sequence in Scheduler.Running.Where(sequence => sequence.InFlight == 0))
        {
            Speculate?.Invoke(sequence);
        }

        Scheduler.Plan(Now, _plan, (sequence, reason) => Ended[sequence] = reason);
        Check();
        bool submitted = _plan.RowCount > 0;
        if (submitted)
        {
            Planned?.Invoke(_plan);
            _underWay.Enqueue(([.. _plan.Rows], Device.Run(_plan)));
            Steps++;
        }

        bool delivered = false;
        while (_underWay.Count > (submitted ? ahead : 0))
        {
            Deliver(keepPages);
            delivered = true;
        }

        return submitted || delivered;
    }

    public void RunToEnd(int limit = 100_000)
    {
        for (int i = 0; Step(i % 3 % 2); i++)
        {
            Assert.That(i, Is.LessThan(limit), "the simulation ends");
        }

        Assert.That(Scheduler.Running.Count(sequence => !sequence.IsPaused) + Scheduler.Waiting, Is.Zero, "nobody starves");
    }

    private void Deliver(bool keepPages)
    {
        (List<StepRows> rows, List<int[]> chosen) = _underWay.Dequeue();
        for (int i = 0; i < rows.Count; i++)
        {
            Sequence sequence = rows[i].Sequence;
            if (Scheduler.Complete(rows[i], chosen[i]) && sequence.Tokens.Length >= sequence.MaxLength)
            {
                Scheduler.Remove(sequence, keepPages);
                Ended[sequence] = null;
            }
        }
    }

    private void Check()
    {
        Assert.That(_plan.RowCount, Is.LessThanOrEqualTo(_options.MaxRows), "rows of a step");
        Assert.That(Scheduler.Running, Has.Count.LessThanOrEqualTo(_options.MaxRunning), "running sequences");
        Assert.That(_plan.Rows.Select(rows => rows.Sequence).Distinct().Count(), Is.EqualTo(_plan.Rows.Count), "each sequence once");

        // A page that a row writes belongs to its sequence alone.
        var holders = new Dictionary<int, int>();
        foreach (int page in Scheduler.Running.SelectMany(sequence => sequence.Tables).SelectMany(table => table.Pages).Where(
            page => page >= 0))
        {
            holders[page] = holders.GetValueOrDefault(page) + 1;
        }

        foreach (StepRows rows in _plan.Rows)
        {
            foreach (BlockTable table in rows.Sequence.Tables)
            {
                for (int i = rows.First / KvPool.PageTokens; i <= (rows.First + rows.Count - 1) / KvPool.PageTokens; i++)
                {
                    Assert.That(holders[table.Pages[i]], Is.EqualTo(1), $"holders of page {table.Pages[i]}");
                }
            }
        }
    }
}
