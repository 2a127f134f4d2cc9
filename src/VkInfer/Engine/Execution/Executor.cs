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
    private readonly StepPasses _passes;
    private readonly OnceLists _once;
    private readonly CommandList[] _lists = new CommandList[2];
    private readonly uint[] _tokens;
    private readonly List<SequenceSlot> _fresh = [];
    private readonly Cancellation _cancellation;
    private StepUnderWay? _last;
    private long _submitted;
    private long _ended;
    private long _lastEnd;

    /// <param name="parts">The device, and the model on it; not owned.</param>
    /// <param name="store">Where pages lie; not owned.</param>
    /// <param name="options">How steps are run.</param>
    /// <param name="cancellation">Ends waits within the submission of a step.</param>
    public Executor(StepParts parts, KvStore store, ExecutorOptions options, Cancellation cancellation)
    {
        _device = parts.Device;
        _options = options;
        _cancellation = cancellation;
        _tokens = new uint[options.MaxRows];
        _pages = new DevicePages(store, options.Pages);
        _once = new OnceLists(parts.Device, cancellation);

        // Those that rest may keep theirs for a while.
        _slots = new SequenceSlots(
            parts.Device, store, options.Softmax, parts.Config.VocabSize, options.Capacity, (2 * options.MaxRunning) + 64);
        try
        {
            _passes = new StepPasses(parts, store, options, _slots, UnderWay, cancellation);
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
        StepUnderWay step = _passes.Begin(_submitted);
        try
        {
            Prepare(plan, step);
            SubmitPass(plan, step);
            KeepLogits(plan, step);
            KeepHidden(plan, step);
            SubmitChoices(plan, step);
        }
        catch
        {
            // What was written for the step, the next one writes anew: nobody may be reading it, nor what steps under way take turns with.
            Settle(step);
            foreach (StepRows rows in plan.Rows)
            {
                _slots.Find(rows.Sequence)?.Deselect();
            }

            throw;
        }

        step.Submitted = Stopwatch.GetTimestamp();
        foreach (SequenceSlot slot in step.Slots)
        {
            slot.LastStep = _submitted;
        }

        _last = step;
        _submitted++;
    }

    public void Complete(StepOutcome outcome)
    {
        StepUnderWay step = _passes.Step(_ended);
        _device.Wait(step.Last);
        long now = Stopwatch.GetTimestamp();
        outcome.Time = Stopwatch.GetElapsedTime(Math.Max(step.Submitted, _lastEnd), now);
        _lastEnd = now;
        _ended++;
        outcome.GpuMicroseconds = _passes.Complete(step);
        foreach (StepUnderWay.Chooser chooser in step.Choosers)
        {
            Read(chooser, outcome);
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
        else if (slot.LastStep < _ended && sequence.Selection is not { Mask: null })
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

        WaitForSteps();
        slot.NamePages(sequence, _pages);
        slot.Place(sequence.Tokens.Length - 1, sequence.Tokens[^1]);
        return _passes.Alone.FindNotFinite(slot);
    }

    /// <summary>
    /// Time on the device of the last step's layers in microseconds; 0 where that is not known. No step may be under way.
    /// </summary>
    public double ReadLastStep() => _last?.Pass is { } pass ? StepClock.Read(_device, pass) : 0;

    /// <summary>Dispatches of the last step's pass, where it was one that is replayed; else 0.</summary>
    public int LastDispatches => _last?.Pass?.DispatchCount ?? 0;

    /// <summary>The dispatches of the last step, where they were timed. No step may be under way.</summary>
    public IReadOnlyList<DispatchTime> ReadLastProfile() => _last?.Pass is { } pass ? pass.ReadProfile() : _passes.LastPromptProfile;

    /// <summary>What the asynchronized softmax counted for a sequence, as far as it kept its slot.</summary>
    public SoftmaxStats ReadSoftmaxStats(Sequence sequence) =>
        _slots.Find(sequence) is { MustClear: false } slot ? SoftmaxStats.Read(_device, slot.Cache.SoftmaxStats) : default;

    /// <summary>The logits that are kept of a sequence.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="logits">Receives float32 [VocabSize].</param>
    /// <returns>Whether there are any.</returns>
    public bool TryReadLogits(Sequence sequence, Span<float> logits)
    {
        if (_slots.Find(sequence) is not { } slot || sequence.LogitsAt < 0)
        {
            return false;
        }

        BufferView kept = slot.Kept;
        _device.Download(kept.Buffer, kept.Offset, System.Runtime.InteropServices.MemoryMarshal.AsBytes(logits));
        return true;
    }

    public void Dispose()
    {
        Settle(null);
        _once.Dispose();
        _passes.Dispose();
        _slots.Dispose();
        _pages.Dispose();
    }

    /// <summary>Gives all who take part their slots, with all pages named.</summary>
    private void Prepare(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            Sequence sequence = plan.Rows[i].Sequence;
            SequenceSlot slot = _slots.For(sequence, _ended - 1);
            if (slot.RenamesPages(sequence))
            {
                WaitFor(slot);
            }

            slot.NamePages(sequence, _pages);
            step.Add(slot);
            if (slot.MustClear)
            {
                _fresh.Add(slot);
            }
        }

        if (plan.Copies.Count > 0 || _fresh.Count > 0)
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
        if (IsAlone(plan))
        {
            SubmitAlone(plan, step);
        }
        else if (plan.RowCount > 0)
        {
            SubmitRows(plan, step);
        }
    }

    private bool IsAlone(StepPlan plan)
    {
        bool isAlone = plan.RowCount == 1 && _options.FusesRowsAlone;
        for (int i = 0; i < plan.Rows.Count && isAlone; i++)
        {
            isAlone = plan.Rows[i].Sequence.HiddenTarget is null;
        }

        return isAlone;
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
                WaitFor(step.Slots[i]);
                step.Slots[i].Place(rows.First, rows.Sequence.Tokens[rows.First]);
            }
            else
            {
                Select(step.Slots[i], rows.Sequence);
            }

            step.Logits[i] = _passes.Alone.Logits;
            step.Pass = _passes.Alone.Commands(step.Slots[i]);
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

            if (rows.Drafts > 0)
            {
                throw new NotSupportedException("Guesses are not verified yet.");
            }

            ReadOnlySpan<int> known = rows.Sequence.Tokens;
            for (int row = 0; row < rows.Count; row++)
            {
                int position = rows.First + row;
                _tokens[row] = position < known.Length ? (uint)known[position] : RowEntry.TokenOfStepState;
            }

            int logits = StepPasses.LogitsOf(rows);
            step.FirstRows[i] = table.RowCount;
            int first = table.Add(step.Slots[i].Index, rows.First, _tokens.AsSpan(0, rows.Count), _passes.IsRun(rows), logits);
            step.Logits[i] = logits > 0 ? _passes.LogitsRow(first + logits - 1) : null;
        }

        _passes.SubmitRows(step);
    }

    /// <summary>Copies logits that somebody wants beyond the step.</summary>
    private void KeepLogits(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            bool isKept = rows.Sequence.KeepsLogits || rows.Sequence.LogitsTarget is not null;
            if (rows.Count == 0 || !isKept || step.Logits[i] is not { } logits)
            {
                continue;
            }

            Flush(step);
            if (rows.Sequence.LogitsTarget is { } target)
            {
                // Those before the last lie before it.
                int count = StepPasses.LogitsOf(rows);
                (long stride, long length) = (_passes.LogitsStride, count * _passes.LogitsStride);
                Copy(
                    step, logits.Buffer.View(logits.Offset + stride - length, length),
                    target.Rows.View((rows.First + rows.Count - count - target.First) * stride, length));
            }

            if (rows.Sequence.KeepsLogits)
            {
                Copy(step, logits, step.Slots[i].Kept);
            }
        }
    }

    /// <summary>Puts hidden states where somebody wants them.</summary>
    private void KeepHidden(StepPlan plan, StepUnderWay step)
    {
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            if (rows.Count > 0 && rows.Sequence.HiddenTarget is { } target)
            {
                int first = Math.Max(rows.First, target.First);
                int count = Math.Min(rows.First + rows.Count, target.End) - first;
                if (count > 0)
                {
                    Flush(step);
                    KeepHidden(step, step.FirstRows[i] + first - rows.First, target, first - target.First, count);
                }
            }
        }
    }

    private void KeepHidden(StepUnderWay step, int row, HiddenTarget target, int at, int count) =>
        step.Last = _once.Submit(commands => _passes.RecordHidden(commands, row, count, target.Rows, at));

    private void Copy(StepUnderWay step, BufferView from, BufferView to) => step.Last = _once.Submit(commands => commands.Copy(from, to));

    /// <summary>Submits the step's pass by itself.</summary>
    private void Flush(StepUnderWay step)
    {
        if (step.Pass is { } pass && !step.IsFlushed)
        {
            step.Last = _device.Submit(pass);
            step.IsFlushed = true;
        }
    }

    private void SubmitChoices(StepPlan plan, StepUnderWay step)
    {
        StepChoices choices = _passes.BeginChoices(plan);
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            if (!rows.WantsLogits)
            {
                step.Choosers.Add(default);
                continue;
            }

            SequenceSlot slot = step.Slots[i];
            Select(slot, rows.Sequence);
            rows.Sequence.Selection!.Mask?.CopyTo(slot.Sampler.Mask);
            choices.Add(slot.Sampler, step.Logits[i] ?? slot.Kept);
            step.Choosers.Add(new StepUnderWay.Chooser(slot, slot.AddChoice(), slot.Generation));
        }

        if (choices.Commands() is not { } commands)
        {
            Flush(step);
        }
        else if (step.Pass is null || step.IsFlushed)
        {
            step.Last = _device.Submit(commands);
        }
        else
        {
            (_lists[0], _lists[1]) = (step.Pass, commands);
            step.Last = _device.Submit(_lists);
        }
    }

    /// <summary>Has the slot choose as its sequence wants it from now on.</summary>
    private void Select(SequenceSlot slot, Sequence sequence)
    {
        if (!ReferenceEquals(slot.Selection, sequence.Selection))
        {
            WaitFor(slot);
            slot.Select(sequence, sequence.Selection!);
        }
    }

    private static void Read(in StepUnderWay.Chooser chooser, StepOutcome outcome)
    {
        if (chooser.Slot is not { } slot || slot.Generation != chooser.Generation)
        {
            outcome.Add();
            return;
        }

        uint id = slot.Sampler.ReadId(chooser.Choice);
        outcome.Add(id == StepState.LogitsNotFinite ? ChoiceFault.LogitsNotFinite
            : id == StepState.NoTokenAllowed ? ChoiceFault.NoTokenAllowed : ChoiceFault.None);
        if (id < StepState.LogitsNotFinite)
        {
            outcome.AddToken((int)id, slot.Sampler.ReadLogProbabilities(chooser.Choice, (int)id));
        }
    }

    private void WaitFor(SequenceSlot slot)
    {
        if (slot.LastStep >= _ended)
        {
            _device.Wait(_passes.Step(slot.LastStep).Last, _cancellation);
        }
    }

    /// <summary>Waits for all that was submitted, also of a step that was given up.</summary>
    private void Settle(StepUnderWay? givenUp)
    {
        try
        {
            WaitForSteps();
            _device.Wait(givenUp?.Last ?? default);
            _device.Wait(_passes.LastSlice);
        }
        catch (DeviceLostException)
        {
            // Nothing runs any more.
        }
    }

    private void WaitForSteps()
    {
        for (long step = _ended; step < _submitted; step++)
        {
            _device.Wait(_passes.Step(step).Last);
        }
    }
}
