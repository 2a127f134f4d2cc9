using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <summary>What one step does. Filled by the scheduler, read by the executor, and used again.</summary>
internal sealed class StepPlan
{
    private readonly List<StepRows> _rows = [];

    /// <summary>The sequences that take part, each once.</summary>
    public IReadOnlyList<StepRows> Rows => _rows;

    /// <summary>Pages to copy before anything else.</summary>
    public List<PageCopy> Copies { get; } = [];

    /// <summary>What happens to recurrent states before anything else, in order.</summary>
    public List<StateChange> StateChanges { get; } = [];

    /// <summary>Rows in all.</summary>
    public int RowCount { get; private set; }

    /// <summary>Whether somebody wants hidden states of its rows.</summary>
    public bool WantsHidden { get; private set; }

    public void Add(StepRows rows)
    {
        WantsHidden |= rows.Sequence.HiddenTarget is not null;
        _rows.Add(rows);
        RowCount += rows.Count;
    }

    /// <summary>Adds the next rows of a sequence, which counts them as computed from here on.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="count">Rows of known or promised tokens.</param>
    /// <param name="drafts">Rows of its guesses behind them.</param>
    public void Commit(Sequence sequence, int count, int drafts)
    {
        bool wantsLogits = sequence.Chooses && sequence.Computed + count == sequence.Length;
        Add(new StepRows(sequence, sequence.Computed, count + drafts, drafts, wantsLogits, sequence.Epoch));
        sequence.Computed += count + drafts;

        // A step may keep other logits, or take those that are kept; where it is given up, nobody says which they are.
        sequence.LogitsAt = -1;
        if (wantsLogits)
        {
            sequence.InFlight++;
        }
    }

    public void Clear()
    {
        _rows.Clear();
        Copies.Clear();
        StateChanges.Clear();
        (RowCount, WantsHidden) = (0, false);
    }
}
