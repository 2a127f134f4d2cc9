using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <summary>
/// Gives sequences of recurrent models the states that their rows go through. A state stands behind all computed positions and cannot be
/// cut back: copies of it, snapshots, are kept at positions worth returning to, under the prefixes that lead there, as long as there is
/// room. Knows numbers, not memory; what it asks for happens at the head of the next step, in order. Not thread-safe.
/// </summary>
internal sealed class StatePool
{
    /// <summary>In the place of a state.</summary>
    public const int None = -1;

    /// <summary>Positions from one snapshot to the next, where nothing else makes one worth it.</summary>
    public const int Interval = 1024;

    // What templates put behind the user's turn, and change once it is answered, is shorter.
    private const int Margin = 16;

    private readonly PagePool _states;
    private readonly bool _keepsSnapshots;
    private readonly List<StateChange> _changes = [];
    private readonly List<StateChange> _behindStep = [];

    /// <param name="count">States in all, of sequences and snapshots.</param>
    /// <param name="mostSnapshots">How many of them snapshots may be; 0: none is kept.</param>
    public StatePool(int count, int mostSnapshots)
    {
        _states = new PagePool(count, mostSnapshots);
        _keepsSnapshots = mostSnapshots > 0;
    }

    /// <summary>States that a sequence could get now.</summary>
    public int Available => _states.Available;

    /// <summary>States that sequences have.</summary>
    public int Held => _states.Held;

    /// <summary>
    /// Rows that a step may compute of a sequence, so that it ends where a snapshot is wanted: shortly before the prompt's end, and every
    /// so many tokens.
    /// </summary>
    public static int RowsToStop(Sequence sequence, int rows)
    {
        int end = sequence.Computed + rows;
        int next = (sequence.Computed / Interval * Interval) + Interval;
        int turn = TurnEnd(sequence);
        int stop = turn > sequence.Computed ? Math.Min(turn, next) : next;
        return Math.Min(end, stop) - sequence.Computed;
    }

    /// <summary>The last position at or before one, behind which there is a snapshot of a sequence's prefix; 0: none.</summary>
    public static int LastSnapshot(Sequence sequence, int length)
    {
        int pages = Math.Min(sequence.Chain.Count, length / KvPool.PageTokens);
        while (pages > 0 && sequence.Chain[pages - 1].Snapshot == None)
        {
            pages--;
        }

        return pages * KvPool.PageTokens;
    }

    /// <summary>Whether a sequence has a state, if need be from now on: that behind its prefix.</summary>
    public bool Has(Sequence sequence) => sequence.RecurrentState != None
        || TryGive(sequence, sequence.Chain.Count > 0 ? sequence.Chain[^1].Snapshot : None);

    /// <summary>Gives a sequence a state, if there is one.</summary>
    /// <param name="sequence">The sequence, which has none.</param>
    /// <param name="snapshot">What it begins with; <see cref="None"/>: zeros.</param>
    public bool TryGive(Sequence sequence, int snapshot)
    {
        if (snapshot != None)
        {
            _states.Hold(snapshot);
        }

        bool isTaken = _states.TryTake(out int state);
        if (isTaken)
        {
            sequence.RecurrentState = state;
            _changes.Add(new StateChange(snapshot, state, sequence));
        }

        if (snapshot != None)
        {
            _states.Release(snapshot);
        }

        return isTaken;
    }

    /// <summary>Takes a sequence's state back to a snapshot.</summary>
    public void Restore(Sequence sequence, int snapshot)
    {
        // Used last of all.
        _states.Hold(snapshot);
        _states.Release(snapshot);
        _changes.Add(new StateChange(snapshot, sequence.RecurrentState, sequence));
    }

    /// <summary>Gives a sequence a copy of another's state, if there is room.</summary>
    public bool TryFork(Sequence from, Sequence to)
    {
        if (!_states.TryTake(out int state))
        {
            return false;
        }

        to.RecurrentState = state;
        _changes.Add(new StateChange(from.RecurrentState, state, to));
        return true;
    }

    /// <summary>Keeps a snapshot behind the rows that were just planned, if one is wanted there and there is room.</summary>
    public void Keep(Sequence sequence)
    {
        int position = sequence.Computed;
        bool isWanted = _keepsSnapshots && position % KvPool.PageTokens == 0 && (position % Interval == 0 || position == TurnEnd(sequence));
        if (isWanted && _states.TryTake(out int state))
        {
            _behindStep.Add(new StateChange(sequence.RecurrentState, state, sequence));
            sequence.Snapshots.Add((position, state));
        }
    }

    /// <summary>Puts snapshots under the prefixes that lead to them, as far as those are known.</summary>
    public void Publish(Sequence sequence)
    {
        for (int i = sequence.Snapshots.Count - 1; i >= 0; i--)
        {
            (int position, int state) = sequence.Snapshots[i];
            int pages = position / KvPool.PageTokens;
            if (pages > sequence.Chain.Count)
            {
                continue;
            }

            PrefixNode node = sequence.Chain[pages - 1];
            if (node.Snapshot == None)
            {
                node.Snapshot = state;
                _states.Remember(state, () =>
                {
                    node.Snapshot = None;
                    node.Prune();
                });
            }

            _states.Release(state);
            sequence.Snapshots.RemoveAt(i);
        }
    }

    /// <summary>Takes back what a sequence has, but for its published snapshots.</summary>
    public void Release(Sequence sequence)
    {
        if (sequence.RecurrentState != None)
        {
            _states.Release(sequence.RecurrentState);
            sequence.RecurrentState = None;
        }

        DropSnapshots(sequence, 0);
    }

    /// <summary>Nobody finds a snapshot any more: what should have been copied there was not.</summary>
    public void Forget(int state) => _states.Forget(state);

    /// <summary>Drops snapshots from a position on that are not published.</summary>
    public void DropSnapshots(Sequence sequence, int from)
    {
        for (int i = sequence.Snapshots.Count - 1; i >= 0; i--)
        {
            if (sequence.Snapshots[i].Position >= from)
            {
                _states.Release(sequence.Snapshots[i].State);
                sequence.Snapshots.RemoveAt(i);
            }
        }
    }

    /// <summary>Hands over what is to happen at the head of a step, whose rows are planned.</summary>
    public void MoveTo(List<StateChange> changes)
    {
        changes.AddRange(_changes);
        _changes.Clear();

        // Snapshots of what the step leaves come before anything that is planned later.
        _changes.AddRange(_behindStep);
        _behindStep.Clear();
    }

    private static int TurnEnd(Sequence sequence) =>
        Math.Max(0, sequence.PromptLength - 1 - Margin) / KvPool.PageTokens * KvPool.PageTokens;
}
