using VkInfer.Engine.Cache;
using VkInfer.Engine.Execution;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Tests.Engine;

/// <summary>A device that takes a while for each step, and may fail. Used by one thread at a time, which it checks.</summary>
internal sealed class SimulatedExecutor : IExecutor
{
    private readonly Queue<(List<StepRows> Rows, List<int[]> Chosen)> _underWay = new();
    private int _users;

    public SimulatedExecutor(CacheGroup[] groups, int pages) =>
        Device = new SimulatedDevice(groups, pages) { Select = Allowed };

    public SimulatedDevice Device { get; }

    public TimeSpan StepTime { get; set; }

    public int Steps { get; private set; }

    public int MostUnderWay { get; private set; }

    public int Disposals { get; private set; }

    /// <summary>What becomes of a sequence's logits behind so many tokens.</summary>
    public Func<Sequence, int, ChoiceFault>? Fault { get; set; }

    /// <summary>Called before each step is submitted, with its number.</summary>
    public Action<int>? Submitting { get; set; }

    /// <summary>Called before the end of each step is waited for.</summary>
    public Action? Completing { get; set; }

    public void Submit(StepPlan plan) => Exclusively(() =>
    {
        Submitting?.Invoke(Steps);
        Steps++;
        _underWay.Enqueue(([.. plan.Rows], Device.Run(plan)));
        MostUnderWay = Math.Max(MostUnderWay, _underWay.Count);
    });

    public void Complete(StepOutcome outcome) => Exclusively(() =>
    {
        if (StepTime > TimeSpan.Zero)
        {
            Thread.Sleep(StepTime);
        }

        (List<StepRows> rows, List<int[]> chosen) = _underWay.Dequeue();
        Completing?.Invoke();
        outcome.Time = StepTime;
        for (int i = 0; i < rows.Count; i++)
        {
            ChoiceFault fault = chosen[i].Length == 0 ? ChoiceFault.None
                : chosen[i][0] < 0 ? ChoiceFault.NoTokenAllowed
                : Fault?.Invoke(rows[i].Sequence, rows[i].First + rows[i].Count) ?? ChoiceFault.None;
            outcome.Add(fault);
            foreach (int token in fault == ChoiceFault.None ? chosen[i] : [])
            {
                outcome.AddToken(token);
            }
        }
    });

    public void Release(Sequence sequence, bool keeps) => Exclusively(() => Device.Forget(sequence));

    public string? FindNotFinite(Sequence sequence) => null;

    public void Dispose() => Exclusively(() =>
    {
        Assert.That(_underWay, Is.Empty, "steps under way");
        Disposals++;
    });

    /// <summary>The next token of the mask from the likeliest on.</summary>
    private static int Allowed(Sequence sequence, int guesses, int likeliest)
    {
        if (sequence.Selection?.Mask is not { } mask)
        {
            return likeliest;
        }

        mask = guesses == 0 ? mask : sequence.DraftMasks[guesses - 1];

        for (int i = 0; i < SimulatedDevice.Vocabulary; i++)
        {
            int token = (likeliest + i) % SimulatedDevice.Vocabulary;
            if ((mask[token / 32] >> (token % 32) & 1) != 0)
            {
                return token;
            }
        }

        return -1;
    }

    private void Exclusively(Action action)
    {
        Assert.That(Interlocked.Increment(ref _users), Is.EqualTo(1), "the executor is one thread's at a time");
        try
        {
            action();
        }
        finally
        {
            Interlocked.Decrement(ref _users);
        }
    }
}
