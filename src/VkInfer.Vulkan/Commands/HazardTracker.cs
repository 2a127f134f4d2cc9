using System.Runtime.InteropServices;

namespace VkInfer.Vulkan;

/// <summary>The two kinds of recorded work.</summary>
[Flags]
internal enum WorkStages
{
    None = 0,
    Compute = 1,
    Transfer = 2,
}

/// <summary>
/// Knows which ranges recorded work has read and written since it was last ordered before later work, and so which barriers are
/// needed: before a read of what was written, and before a write of what was read or written. Exact to the byte.
/// </summary>
internal sealed class HazardTracker
{
    // What later compute work, and what later transfer work, is not yet ordered after. A barrier empties one of the two.
    private readonly List<Access> _beforeCompute = [];
    private readonly List<Access> _beforeTransfer = [];

    public void Clear()
    {
        _beforeCompute.Clear();
        _beforeTransfer.Clear();
    }

    /// <summary>Whether work of <paramref name="stage"/> that accesses the range so must wait for recorded work.</summary>
    public bool Conflicts(in BufferView view, BindingAccess access, WorkStages stage)
    {
        foreach (ref readonly Access earlier in CollectionsMarshal.AsSpan(Before(stage)))
        {
            bool hazard = access.HasFlag(BindingAccess.Write) || (access != 0 && earlier.Writes);
            if (hazard && earlier.View.Overlaps(view))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes note of a barrier before work of <paramref name="stage"/>; returns the stages it must wait for.</summary>
    public WorkStages Order(WorkStages stage)
    {
        WorkStages stages = WorkStages.None;
        foreach (ref readonly Access earlier in CollectionsMarshal.AsSpan(Before(stage)))
        {
            stages |= earlier.Stage;
        }

        Before(stage).Clear();
        return stages;
    }

    /// <summary>Takes note of recorded work.</summary>
    public void Add(in BufferView view, BindingAccess access, WorkStages stage)
    {
        if (access != 0)
        {
            var entry = new Access(view, access.HasFlag(BindingAccess.Write), stage);
            _beforeCompute.Add(entry);
            _beforeTransfer.Add(entry);
        }
    }

    private List<Access> Before(WorkStages stage) => stage == WorkStages.Compute ? _beforeCompute : _beforeTransfer;

    private readonly record struct Access(BufferView View, bool Writes, WorkStages Stage);
}
