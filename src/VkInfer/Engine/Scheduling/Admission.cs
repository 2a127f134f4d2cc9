using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <summary>Lets sequences that wait take part in steps. Not thread-safe.</summary>
/// <param name="options">What bounds steps.</param>
/// <param name="pool">The pages.</param>
/// <param name="queues">Where sequences stand.</param>
internal sealed class Admission(SchedulerOptions options, KvPool pool, SequenceQueues queues)
{
    /// <summary>
    /// Lets those that wait begin, as far as there are rows, places and pages; the first that does not fit ends the search.
    /// </summary>
    /// <param name="plan">Receives their rows.</param>
    /// <param name="budget">Rows that they may take.</param>
    public void Admit(StepPlan plan, int budget)
    {
        if (queues.Running.Count >= options.MaxRunning)
        {
            return;
        }

        foreach (Sequence sequence in queues.Waiting.ToArray())
        {
            if (budget == 0 || queues.Running.Count >= options.MaxRunning)
            {
                return;
            }

            // A mask, or guesses, are being made for the next row.
            if (sequence.InFlight > 0 || sequence.IsPaused)
            {
                continue;
            }

            queues.RemoveHolder(sequence);
            if (sequence.Chooses && sequence.Pending == 0 && !sequence.HasLogits)
            {
                // Somebody else got the place where its logits were kept while it waited.
                pool.Cut(sequence, sequence.Length - 1);
            }

            bool isNew = sequence.Tables.Length == 0;
            if (isNew && !pool.TryMatch(sequence))
            {
                continue;
            }

            if (options.TakesWholeTexts && sequence.Pending > budget)
            {
                // Those behind it wait, too, lest it never find room.
                return;
            }

            int rows = pool.RowsOfStep(sequence, Math.Min(budget, sequence.Pending));
            while (!Fits(sequence) || !pool.TryGrow(sequence, sequence.Computed + rows, plan.Copies))
            {
                if (!queues.TryReclaim())
                {
                    // Holding pages while it waits, it could keep everybody waiting.
                    queues.GiveBack(sequence);
                    return;
                }
            }

            queues.Run(sequence);
            sequence.CachedTokens ??= sequence.Computed;
            pool.Announce(sequence);
            plan.Commit(sequence, rows, drafts: 0);
            pool.States?.Keep(sequence);
            budget -= rows;
        }
    }

    /// <summary>
    /// Whether all known tokens of a sequence find pages without taking the last ones of those that run: entering only to be preempted
    /// would cost everybody.
    /// </summary>
    private bool Fits(Sequence sequence)
    {
        int held = sequence.Tables.Sum(table => table.Pages.Count - table.FirstHeld);
        if (options.Shortage == PageShortage.Refuse)
        {
            int promised = queues.Running.Sum(other => Math.Max(
                0, pool.PagesFor(other.MaxLength, options.MaxRows) - other.Tables.Sum(table => table.Pages.Count - table.FirstHeld)));
            return pool.PagesFor(sequence.MaxLength, options.MaxRows) - held <= pool.Available - promised;
        }

        return queues.Running.Count == 0 || pool.PagesFor(sequence.Length, options.MaxRows) - held <= pool.Available - queues.Running.Count;
    }
}
