using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <summary>
/// Where each sequence of a scheduler stands: it waits, runs, is parked, or rests with its pages. Not thread-safe.
/// </summary>
/// <param name="pool">Takes back the pages of those that give them up.</param>
internal sealed class SequenceQueues(KvPool pool)
{
    private readonly SortedSet<Sequence> _waiting = new(SoonestFirst);
    private readonly List<Sequence> _running = [];
    private readonly List<Sequence> _parked = [];

    // Not running, but with pages, of an earlier turn or of a fork: the first gives them up first.
    private readonly LinkedList<Sequence> _holders = [];
    private long _arrivals;

    /// <summary>Those that wait for pages or a place, the soonest first.</summary>
    public IReadOnlyCollection<Sequence> Waiting => _waiting;

    /// <summary>Those that take part in steps, the soonest first.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>Those that somebody put aside.</summary>
    public IReadOnlyCollection<Sequence> Parked => _parked;

    /// <summary>How often one that ran gave its pages to others.</summary>
    public long Preemptions { get; private set; }

    /// <summary>How many have a deadline.</summary>
    public int WithDeadline { get; private set; }

    private static Comparer<Sequence> SoonestFirst { get; } = Comparer<Sequence>.Create(
        static (a, b) => a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Arrival.CompareTo(b.Arrival));

    /// <summary>How many of those that run want a row for their last token.</summary>
    public int CountDecoding()
    {
        int count = 0;
        foreach (Sequence sequence in _running)
        {
            count += sequence.IsDecoding && sequence.CanRun ? 1 : 0;
        }

        return count;
    }

    /// <summary>Takes a sequence in, which waits.</summary>
    public void Enter(Sequence sequence)
    {
        sequence.Arrival = _arrivals++;
        (sequence.CachedTokens, sequence.Preemptions) = (null, 0);
        sequence.State = SequenceState.Waiting;
        _waiting.Add(sequence);
        WithDeadline += sequence.Deadline is null ? 0 : 1;

        // Those before it in the queue may need its pages.
        if (sequence.Tables.Length > 0 && !_holders.Contains(sequence))
        {
            _holders.AddLast(sequence);
        }
    }

    /// <summary>Takes a sequence out, wherever it stands.</summary>
    public void Leave(Sequence sequence)
    {
        WithDeadline -= sequence.State == SequenceState.Idle || sequence.Deadline is null ? 0 : 1;
        if (sequence.State == SequenceState.Waiting)
        {
            // By its order, which others may have that never waited.
            _waiting.Remove(sequence);
        }

        _running.Remove(sequence);
        _parked.Remove(sequence);
        _holders.Remove(sequence);
        sequence.State = SequenceState.Idle;
        sequence.Epoch++;
        sequence.InFlight = 0;
        sequence.Drafts.Clear();
    }

    /// <summary>Lets others have the pages of a sequence that takes no part, when they need them.</summary>
    public void AddHolder(Sequence sequence) => _holders.AddLast(sequence);

    /// <summary>A sequence's pages are its own again.</summary>
    public void RemoveHolder(Sequence sequence) => _holders.Remove(sequence);

    /// <summary>Lets one that waits take part in steps.</summary>
    public void Run(Sequence sequence)
    {
        _waiting.Remove(sequence);
        sequence.State = SequenceState.Running;
        Insert(sequence);
    }

    /// <summary>
    /// Puts a sequence aside whose reader is behind. It makes room for others, and keeps its pages until they are needed. Without effect
    /// on one that is not scheduled.
    /// </summary>
    public void Park(Sequence sequence)
    {
        if (sequence.State is not (SequenceState.Waiting or SequenceState.Running))
        {
            return;
        }

        if (sequence.State == SequenceState.Waiting)
        {
            _waiting.Remove(sequence);
        }
        else if (_running.Remove(sequence) && sequence.Tables.Length > 0)
        {
            _holders.AddLast(sequence);
        }

        // Who waits for a prefix of its own would wait for its reader.
        pool.Withdraw(sequence);
        sequence.State = SequenceState.Parked;
        _parked.Add(sequence);
    }

    /// <summary>Lets a parked sequence go on, in its old place in the order of arrivals. Without effect on any other.</summary>
    public void Unpark(Sequence sequence)
    {
        if (_parked.Remove(sequence))
        {
            sequence.State = SequenceState.Waiting;
            _waiting.Add(sequence);
        }
    }

    /// <summary>Takes the pages of one that runs; it waits at the head of its priority.</summary>
    public void Preempt(Sequence sequence)
    {
        Preemptions++;
        GiveBack(sequence);
        Requeue(sequence);
    }

    /// <summary>Takes the pages of the sequence that has held them for longest without running.</summary>
    public bool TryReclaim()
    {
        if (_holders.First is not { Value: { } holder })
        {
            return false;
        }

        _holders.RemoveFirst();
        GiveBack(holder);
        return true;
    }

    /// <summary>Takes the pages of a sequence; full ones stay known as prefixes.</summary>
    public void GiveBack(Sequence sequence)
    {
        if (sequence.Tables.Length > 0)
        {
            pool.Publish(sequence, sequence.Computed);
            pool.Release(sequence);
        }
    }

    /// <summary>Has one that runs wait. Tokens that steps under way choose stay its own: it waits until they are known.</summary>
    public void Requeue(Sequence sequence)
    {
        _running.Remove(sequence);
        sequence.State = SequenceState.Waiting;
        sequence.Preemptions++;
        sequence.Drafts.Clear();
        _waiting.Add(sequence);
    }

    /// <summary>
    /// Has one compute all its pages anew, in its old place in the order of arrivals. What steps under way choose for it is dropped.
    /// </summary>
    public void Restart(Sequence sequence)
    {
        _holders.Remove(sequence);
        pool.Release(sequence);
        sequence.Epoch++;
        sequence.InFlight = 0;
        sequence.Drafts.Clear();
        if (sequence.State == SequenceState.Running)
        {
            Requeue(sequence);
        }
    }

    private void Insert(Sequence sequence)
    {
        int at = _running.FindIndex(other => SoonestFirst.Compare(sequence, other) < 0);
        _running.Insert(at < 0 ? _running.Count : at, sequence);
    }
}
