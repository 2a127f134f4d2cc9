using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <content>What becomes of sequences whose steps came to nothing.</content>
internal sealed partial class Scheduler
{
    /// <summary>Undoes a plan that could not be submitted: its sequences compute their pages anew.</summary>
    public void Abandon(StepPlan plan)
    {
        foreach (StepRows rows in plan.Rows)
        {
            if (rows.IsCurrent)
            {
                _pool.Release(rows.Sequence);
                _queues.Requeue(rows.Sequence);
            }
        }

        // States of others that were to change with it.
        foreach (StateChange change in plan.StateChanges)
        {
            Sequence owner = change.Owner;
            _pool.States!.Forget(change.To);
            _pool.Release(owner);
            if (owner.State == SequenceState.Running)
            {
                _queues.Requeue(owner);
            }
        }
    }

    /// <summary>
    /// Forgets what a step computed, and what those behind it choose for its sequences, which compute their pages anew: also those that
    /// have left or come again since, where they hold what it should have written.
    /// </summary>
    public void Redo(StepPlan plan)
    {
        foreach (StepRows rows in plan.Rows)
        {
            if (rows.IsCurrent || rows.Sequence.Computed > rows.First)
            {
                _pool.Forget(rows.Sequence, rows.First);
                _queues.Restart(rows.Sequence);
            }
        }
    }

    /// <summary>Has a sequence that is not scheduled compute anew what it keeps, whose recurrent state is not to be trusted.</summary>
    public void Distrust(Sequence sequence)
    {
        if (_pool.States is not null && sequence.State == SequenceState.Idle)
        {
            _queues.RemoveHolder(sequence);
            _pool.Release(sequence);
        }
    }
}
