using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Says who chooses tokens in a step, and at which rows, and reads what they chose: each sequence at its last row, and behind each of its
/// guesses. Not thread-safe.
/// </summary>
/// <param name="passes">Make the logits, and the commands that choose.</param>
/// <param name="order">Waits for steps that use a slot.</param>
internal sealed class RowChoices(StepPasses passes, StepOrder order)
{
    /// <summary>The commands that choose the tokens of a step; null: nobody chooses.</summary>
    public CommandList? Begin(StepPlan plan, StepUnderWay step)
    {
        StepChoices choices = passes.BeginChoices(plan);
        for (int i = 0; i < plan.Rows.Count; i++)
        {
            StepRows rows = plan.Rows[i];
            if (rows.WantsLogits)
            {
                Add(choices, rows, step, i);
            }
            else
            {
                step.Choosers.Add(default);
            }
        }

        return choices.Commands();
    }

    /// <summary>Has the slot choose as its sequence wants it from now on.</summary>
    public void Select(SequenceSlot slot, Sequence sequence)
    {
        if (!ReferenceEquals(slot.Selection, sequence.Selection))
        {
            order.WaitFor(slot);
            slot.Select(sequence, sequence.Selection!);
        }
        else if (!slot.StandsBehind(sequence))
        {
            order.WaitFor(slot);
            slot.CatchUp(sequence, sequence.Drawn);
        }
    }

    /// <summary>Reads what a step that has ended chose.</summary>
    public static void Read(StepUnderWay step, StepOutcome outcome)
    {
        foreach (StepUnderWay.Chooser chooser in step.Choosers)
        {
            Read(chooser, step.Guesses, outcome);
        }
    }

    private void Add(StepChoices choices, in StepRows rows, StepUnderWay step, int index)
    {
        SequenceSlot slot = step.Slots[index];
        Select(slot, rows.Sequence);
        rows.Sequence.Selection!.Mask?.CopyTo(slot.Sampler.Mask);
        BufferView logits = step.Logits[index] ?? slot.Kept;
        choices.Add(slot.Sampler, passes.LogitsBefore(logits, rows.Drafts));
        step.Choosers.Add(new StepUnderWay.Chooser(slot, slot.AddChoice(), slot.Generation, step.Guesses.Count, rows.Drafts));
        for (int guess = 0; guess < rows.Drafts; guess++)
        {
            SamplerSlot sampler = slot.Guesses.For(rows.Sequence, guess, slot.Choices + guess);
            choices.Add(sampler, passes.LogitsBefore(logits, rows.Drafts - 1 - guess));
            step.Guesses.Add(new StepUnderWay.Guess(rows.Sequence.Drafts[guess], sampler));
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
}
