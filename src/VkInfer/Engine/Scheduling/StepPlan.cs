using VkInfer.Engine.Cache;

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

    public void Add(StepRows rows)
    {
        _rows.Add(rows);
        RowCount += rows.Count;
    }

    public void Clear()
    {
        _rows.Clear();
        Copies.Clear();
        StateChanges.Clear();
        RowCount = 0;
    }
}
