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
        _states = new DeviceStates(parts.Device, store.States.SizeInBytes, options.States);
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
            Read(chooser, step.Guesses, outcome);
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
        slot.NamePages(sequence, _pages, _states);
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

    /// <summary>Waits for the steps under way, and finds where pages of the pool lie, which somebody must hold.</summary>
    /// <param name="pages">Numbers in the pool.</param>
    /// <returns>Numbers in the store.</returns>
    public int[] FindMemory(IEnumerable<int> pages)
    {
        WaitForSteps();
        return [.. pages.Select(_pages.InStore)];
    }

    public void Dispose()
    {
        Settle(null);
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
            SequenceSlot slot = _slots.For(sequence, _ended - 1);
            if (slot.RenamesPages(sequence))
            {
                WaitFor(slot);
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
        if (IsAlone(plan))
        {
            SubmitAlone(plan, step);
        }
        else if (plan.RowCount > 0)
        {
            SubmitRows(plan, step);
        }
    }

    private bool IsAlone(StepPlan plan) => plan.RowCount == 1 && _options.FusesRowsAlone;

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

            for (int row = 0; row < rows.Count; row++)
            {
                _tokens[row] = TokenOf(rows, rows.First + row);
            }

            int logits = StepPasses.LogitsOf(rows);
            int first = table.Add(step.Slots[i].Index, rows.First, _tokens.AsSpan(0, rows.Count), _passes.IsRun(rows), logits);
            step.Logits[i] = logits > 0 ? _passes.LogitsRow(first + logits - 1) : null;
        }

        _passes.SubmitRows(step);
    }

    private static uint TokenOf(in StepRows rows, int position)
    {
        ReadOnlySpan<int> known = rows.Sequence.Tokens;
        return position < known.Length ? (uint)known[position]
            : rows.Drafts > 0 ? (uint)rows.Sequence.Drafts[position - known.Length]
            : RowEntry.TokenOfStepState;
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
            BufferView logits = step.Logits[i] ?? slot.Kept;
            choices.Add(slot.Sampler, Before(logits, rows.Drafts));
            step.Choosers.Add(
                new StepUnderWay.Chooser(slot, slot.AddChoice(), slot.Generation, step.Guesses.Count, rows.Drafts));
            for (int guess = 0; guess < rows.Drafts; guess++)
            {
                SamplerSlot sampler = slot.Guesses.For(rows.Sequence, guess, slot.Choices + guess);
                choices.Add(sampler, Before(logits, rows.Drafts - 1 - guess));
                step.Guesses.Add(new StepUnderWay.Guess(rows.Sequence.Drafts[guess], sampler));
            }
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

    /// <summary>The logits of so many rows before one.</summary>
    private BufferView Before(BufferView logits, int rows) =>
        logits.Buffer.View(logits.Offset - (rows * _passes.LogitsStride), logits.Length);

    /// <summary>Has the slot choose as its sequence wants it from now on.</summary>
    private void Select(SequenceSlot slot, Sequence sequence)
    {
        if (!ReferenceEquals(slot.Selection, sequence.Selection))
        {
            WaitFor(slot);
            slot.Select(sequence, sequence.Selection!);
        }
        else if (sequence.Drawn != slot.Choices)
        {
            WaitFor(slot);
            slot.CatchUp(sequence, sequence.Drawn);
        }
    }

    private static void Read(in StepUnderWay.Chooser chooser, List<StepUnderWay.Guess> guesses, StepOutcome outcome)
    {
        if (chooser.Slot is not { } slot || slot.Generation != chooser.Generation)
        {
            outcome.Add();
            return;
        }

        uint id = slot.Sampler.ReadId(chooser.Choice);
        outcome.Add(id == StepState.LogitsNotFinite ? ChoiceFault.LogitsNotFinite
            : id == StepState.NoTokenAllowed ? ChoiceFault.NoTokenAllowed : ChoiceFault.None);
        SamplerSlot sampler = slot.Sampler;
        for (int i = 0; id < StepState.LogitsNotFinite; i++)
        {
            outcome.AddToken((int)id, sampler.ReadLogProbabilities(chooser.Choice + i, (int)id));
            if (i == chooser.GuessCount || guesses[chooser.FirstGuess + i].Token != (int)id)
            {
                return;
            }

            // What is wrong behind a guess, the next step finds again.
            sampler = guesses[chooser.FirstGuess + i].Sampler;
            id = sampler.ReadId(chooser.Choice + i + 1);
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
