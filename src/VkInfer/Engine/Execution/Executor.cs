using System.Diagnostics;
using VkInfer.Engine.Cache;
using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Runs the engine's steps on the device: one row alone by the fused pass, rows of decoding sequences by a recording for their number,
/// steps with prompts recorded anew; then the choice of all tokens. Two steps may be under way. Used by the engine's loop alone.
/// </summary>
internal sealed class Executor : IExecutor
{
    private const int UnderWay = 2;

    private readonly GpuDevice _device;
    private readonly ExecutorOptions _options;
    private readonly SequenceSlots _slots;
    private readonly DevicePages _pages;
    private readonly DeviceStates _states;
    private readonly StepPasses _passes;
    private readonly StepOrder _order;
    private readonly RowChoices _choices;
    private readonly OnceLists _once;
    private readonly KeptRows _kept;
    private readonly uint[] _tokens;
    private readonly List<SequenceSlot> _fresh = [];
    private StepUnderWay? _last;
    private long _lastEnd;

    /// <param name="parts">The device, and the model on it; not owned.</param>
    /// <param name="store">Where pages lie; not owned.</param>
    /// <param name="options">How steps are run.</param>
    /// <param name="cancellation">Ends waits within the submission of a step.</param>
    public Executor(StepParts parts, KvStore store, ExecutorOptions options, Cancellation cancellation)
    {
        _device = parts.Device;
        _options = options;
        _tokens = new uint[options.MaxRows];
        _pages = new DevicePages(store, options.Pages);
        _states = new DeviceStates(parts.Device, store.States.SizeInBytes, options.States);
        _once = new OnceLists(parts.Device, cancellation);

        // Those that rest may keep theirs for a while.
        _slots = new SequenceSlots(
            parts.Device, store, options.Softmax, parts.Config.VocabSize, options.Capacity, (2 * options.MaxRunning) + 64);
        try
        {
            _passes = new StepPasses(parts, store, options, _slots, UnderWay, cancellation);
            _order = new StepOrder(parts.Device, _passes, cancellation);
            _choices = new RowChoices(_passes, _order);
            _kept = new KeptRows(parts.Device, _passes, _once);
        }
        catch
        {
            _slots.Dispose();
            _once.Dispose();
            throw;
        }
    }

    public void Submit(StepPlan plan)
    {
        StepUnderWay step = _order.Begin();
        try
        {
            Prepare(plan, step);
            lock (_passes.Turn)
            {
                SubmitPass(plan, step);
                _kept.Keep(plan, step);
                step.Submit(_device, _choices.Begin(plan, step));
            }
        }
        catch
        {
            // What was written for the step, the next one writes anew: nobody may be reading it, nor what steps under way take turns with.
            _order.Settle(step);
            foreach (StepRows rows in plan.Rows)
            {
                _slots.Find(rows.Sequence)?.Deselect();
            }

            throw;
        }

        step.Submitted = Stopwatch.GetTimestamp();
        _order.Submit(step);
        _last = step;
    }

    public void Complete(StepOutcome outcome)
    {
        StepUnderWay step = _order.Complete();
        long now = Stopwatch.GetTimestamp();
        outcome.Time = Stopwatch.GetElapsedTime(Math.Max(step.Submitted, _lastEnd), now);
        _lastEnd = now;
        outcome.GpuMicroseconds = _passes.Complete(step);
        outcome.IsVoid = step.IsChained && _passes.Alone.IsVoid(step);
        if (!outcome.IsVoid)
        {
            RowChoices.Read(step, outcome);
        }
    }

    public void Release(Sequence sequence, bool keeps)
    {
        if (_slots.Find(sequence) is not { } slot)
        {
            return;
        }

        if (!keeps)
        {
            _slots.Forget(sequence);
        }
        else if (slot.LastStep < _order.Ended && sequence.Selection is not { Mask: null })
        {
            slot.Trim();
        }
    }

    public string? FindNotFinite(Sequence sequence)
    {
        if (_slots.Find(sequence) is not { } slot || sequence.Tables.Length == 0)
        {
            return null;
        }

        _order.WaitForAll();
        slot.NamePages(sequence, _pages, _states);
        slot.Place(sequence.Tokens.Length - 1, sequence.Tokens[^1]);
        return _passes.Alone.FindNotFinite(slot);
    }

    /// <summary>
    /// Time on the device of the last step's layers in microseconds; 0 where that is not known. No step may be under way.
    /// </summary>
    public double ReadLastStep() => _last?.Pass is { } pass ? StepClock.Read(pass) : 0;

    /// <summary>Whether the last step's dispatches waited for each other by counters.</summary>
    public bool IsChained => _last is { IsChained: true };

    /// <summary>Dispatches of the last step's pass, where it was one that is replayed; else 0.</summary>
    public int LastDispatches => _last?.Pass?.DispatchCount ?? 0;

    /// <summary>The dispatches of the last step, where they were timed. No step may be under way.</summary>
    public IReadOnlyList<DispatchTime> ReadLastProfile() => _last?.Pass is { } pass ? pass.ReadProfile() : _passes.LastPromptProfile;

    /// <summary>What the asynchronized softmax counted for a sequence, as far as it kept its slot.</summary>
    public SoftmaxStats ReadSoftmaxStats(Sequence sequence) =>
        _slots.Find(sequence) is { MustClear: false } slot ? SoftmaxStats.Read(_device, slot.Cache.SoftmaxStats) : default;

    /// <summary>Reads the logits that are kept of a sequence.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    /// <returns>Whether there are any.</returns>
    public bool TryReadLogits(Sequence sequence, Span<float> logits)
    {
        if (_slots.Find(sequence) is not { } slot || sequence.LogitsAt < 0)
        {
            return false;
        }

        _kept.Read(slot, logits);
        return true;
    }

    /// <summary>Waits for the steps under way, and finds where pages of the pool lie, which somebody must hold.</summary>
    /// <param name="pages">Numbers in the pool.</param>
    /// <returns>Numbers in the store.</returns>
    public int[] FindMemory(IEnumerable<int> pages)
    {
        _order.WaitForAll();
        return [.. pages.Select(_pages.InStore)];
    }

    public void Dispose()
    {
        _order.Settle(null);
        _once.Dispose();
        _passes.Dispose();
        _slots.Dispose();
        _pages.Dispose();
        _states.Dispose();
    }

    /// <summary>Gives all who take part their slots, with all pages named.</summary>
    private void Prepare(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            Sequence sequence = plan.Rows[i].Sequence;
            SequenceSlot slot = _slots.For(sequence, _order.Ended - 1);
            if (slot.RenamesPages(sequence))
            {
                _order.WaitFor(slot);
            }

            slot.NamePages(sequence, _pages, _states);
            step.Add(slot);
            if (slot.MustClear)
            {
                _fresh.Add(slot);
            }
        }

        if (plan.Copies.Count > 0 || plan.StateChanges.Count > 0 || _fresh.Count > 0)
        {
            PreparePages(plan, step);
        }
    }

    // Apart, like all that captures: most steps need none of it, and are to allocate nothing.
    private void PreparePages(StepPlan plan, StepUnderWay step)
    {
        try
        {
            step.Last = _once.Submit(commands =>
            {
                _pages.RecordCopies(commands, plan.Copies);
                _states.Record(commands, plan.StateChanges);
                _fresh.ForEach(slot => slot.Cache.RecordClear(commands));
            });
            _fresh.ForEach(slot => slot.MustClear = false);
        }
        finally
        {
            _fresh.Clear();
        }
    }

    private void SubmitPass(StepPlan plan, StepUnderWay step)
    {
        if (plan.RowCount == 1 && _options.FusesRowsAlone && !plan.WantsHidden)
        {
            SubmitAlone(plan, step);
        }
        else if (plan.RowCount > 0)
        {
            SubmitRows(plan, step);
        }
    }

    private void SubmitAlone(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            if (rows.Count == 0)
            {
                continue;
            }

            if (!rows.WantsLogits)
            {
                // Nobody else says which token it is.
                _order.WaitFor(step.Slots[i]);
                step.Slots[i].Place(rows.First, rows.Sequence.Tokens[rows.First]);
            }
            else
            {
                _choices.Select(step.Slots[i], rows.Sequence);
            }

            step.Logits[i] = _passes.Alone.Logits;
            step.Pass = _passes.Alone.Commands(step.Slots[i]);
            step.IsChained = _passes.Alone.IsChained;
        }
    }

    private void SubmitRows(StepPlan plan, StepUnderWay step)
    {
        PassRows table = _passes.BeginRows(step, plan);
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            if (rows.Count == 0)
            {
                continue;
            }

            for (int row = 0; row < rows.Count; row++)
            {
                _tokens[row] = StepUnderWay.TokenOf(rows, rows.First + row);
            }

            int logits = RowKinds.LogitsOf(rows);
            step.FirstRows[i] = table.RowCount;
            int first = table.Add(step.Slots[i].Index, rows.First, _tokens.AsSpan(0, rows.Count), _passes.Kinds.IsRun(rows), logits);
            step.Logits[i] = logits > 0 ? _passes.LogitsRow(first + logits - 1) : null;
        }

        _passes.SubmitRows(step);
    }
}
