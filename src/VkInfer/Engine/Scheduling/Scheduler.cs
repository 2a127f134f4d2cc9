using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <summary>
/// Decides which tokens of which sequences a step computes. Prompts and decoding are the same thing, with other counts. Never touches a
/// device. Not thread-safe: the engine's loop owns it.
/// </summary>
internal sealed class Scheduler
{
    private readonly SchedulerOptions _options;
    private readonly KvPool _pool;
    private readonly SortedSet<Sequence> _waiting = new(SoonestFirst);
    private readonly List<Sequence> _running = [];
    private readonly List<Sequence> _parked = [];

    // Not running, but with pages, of an earlier turn or of a fork: the first gives them up first.
    private readonly LinkedList<Sequence> _holders = [];
    private long _arrivals;
    private int _withDeadline;

    public Scheduler(SchedulerOptions options, KvPool pool)
    {
        _options = options;
        _pool = pool;
    }

    /// <summary>Sequences that wait for pages or a place.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Sequences that take part in steps, the soonest first.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>How often a sequence that ran gave its pages to others.</summary>
    public long Preemptions { get; private set; }

    private static Comparer<Sequence> SoonestFirst { get; } = Comparer<Sequence>.Create(
        static (a, b) => a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Arrival.CompareTo(b.Arrival));

    /// <summary>Takes a sequence in. It may hold pages already: of an earlier turn, or of a fork.</summary>
    /// <exception cref="QueueFullException">Too many wait.</exception>
    /// <exception cref="ContextLengthExceededException">Even alone it would find too few pages.</exception>
    public void Add(Sequence sequence)
    {
        if (sequence.State != SequenceState.Idle)
        {
            throw new InvalidOperationException("The sequence is scheduled already.");
        }

        if (_waiting.Count >= _options.MaxWaiting)
        {
            throw new QueueFullException(_waiting.Count);
        }

        int length = _options.Shortage == PageShortage.Refuse ? sequence.MaxLength : sequence.Length;
        if (_pool.PagesFor(length, _options.MaxRows) > _pool.Count)
        {
            throw new ContextLengthExceededException(length, _pool.Count * KvPool.PageTokens, _pool.Count * KvPool.PageTokens);
        }

        // The last token's logits are needed, which pages do not hold.
        if (!sequence.HasLogits || !sequence.Chooses)
        {
            _pool.Cut(sequence, Math.Min(sequence.Computed, sequence.Length - 1));
        }

        sequence.Arrival = _arrivals++;
        (sequence.CachedTokens, sequence.Preemptions) = (null, 0);
        sequence.State = SequenceState.Waiting;
        _waiting.Add(sequence);
        _withDeadline += sequence.Deadline is null ? 0 : 1;

        // Those before it in the queue may need its pages.
        if (sequence.Tables.Length > 0 && !_holders.Contains(sequence))
        {
            _holders.AddLast(sequence);
        }
    }

    /// <summary>Plans the next step.</summary>
    /// <param name="now">The time, on the clock of deadlines.</param>
    /// <param name="plan">Receives it; empty when there is nothing to do.</param>
    /// <param name="ended">Called for sequences that end here; they are out already.</param>
    public void Plan(TimeSpan now, StepPlan plan, Action<Sequence, EndReason> ended)
    {
        plan.Clear();
        if (_withDeadline > 0)
        {
            EndLate(_running, now, ended);
            EndLate(_waiting, now, ended);
            EndLate(_parked, now, ended);
        }

        int decodeRows = 0;
        foreach (Sequence sequence in _running)
        {
            decodeRows += IsDecoding(sequence) && CanRun(sequence) ? 1 : 0;
        }

        int spare = _options.MaxRows - decodeRows;
        int prompts = Math.Min(spare, _options.Policy.PromptRows(decodeRows));
        PlanRunning(plan, spare, ref prompts, ended);
        if (prompts > 0 && _waiting.Count > 0)
        {
            Admit(plan, prompts);
        }

        if (plan.Rows.Count > 0)
        {
            _pool.MoveStateChanges(plan.StateChanges);
        }
    }

    /// <summary>Hands over what a step chose.</summary>
    /// <param name="rows">Rows of the step.</param>
    /// <param name="tokens">
    /// What they chose: nothing where no logits were wanted, else the guesses that hold and one token more.
    /// </param>
    /// <returns>Whether the sequence still is what it was; else nothing has changed.</returns>
    public bool Complete(StepRows rows, ReadOnlySpan<int> tokens)
    {
        Sequence sequence = rows.Sequence;
        if (!rows.IsCurrent)
        {
            return false;
        }

        foreach (int token in tokens)
        {
            sequence.Add(token);
        }

        if (rows.WantsLogits)
        {
            sequence.InFlight--;
        }

        if (!tokens.IsEmpty)
        {
            // Guesses were about what is known now.
            sequence.Drafts.Clear();
        }

        // Nobody enters while steps of his are under way: pages that there are, are those of this step.
        if (rows.Drafts > 0 && sequence.Tables.Length > 0)
        {
            // What guesses that did not hold left in the pages is written again before it is read.
            sequence.Computed = rows.First + rows.Count - rows.Drafts + tokens.Length - 1;
        }

        if (sequence.Tables.Length > 0)
        {
            _pool.Publish(sequence, Math.Min(sequence.Computed, rows.First + rows.Count));
        }

        return true;
    }

    /// <summary>Takes a sequence out, wherever it stands.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="keepPages">
    /// Whether it keeps its pages, to go on later, until somebody else needs them; else they go back at once. Either way full pages stay
    /// known as prefixes.
    /// </param>
    public void Remove(Sequence sequence, bool keepPages = false)
    {
        _withDeadline -= sequence.State == SequenceState.Idle || sequence.Deadline is null ? 0 : 1;
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
        if (!keepPages)
        {
            GiveBack(sequence);
        }
        else if (sequence.Tables.Length > 0)
        {
            // Steps under way may have computed positions of tokens that will never be known.
            _pool.Cut(sequence, Math.Min(sequence.Computed, sequence.Tokens.Length));

            // Nobody must wait for pages that it no longer computes.
            _pool.Publish(sequence, sequence.Computed);
            _pool.Withdraw(sequence);
            _holders.AddLast(sequence);
        }
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
        _pool.Withdraw(sequence);
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

    /// <summary>Drops all tokens of a sequence that is not scheduled from <paramref name="length"/> on.</summary>
    public void Truncate(Sequence sequence, int length)
    {
        if (sequence.State != SequenceState.Idle)
        {
            throw new InvalidOperationException("The sequence is scheduled; expected one that is not.");
        }

        _pool.Cut(sequence, Math.Min(sequence.Computed, length));
        sequence.Cut(length);
    }

    /// <summary>Undoes a plan that could not be submitted: its sequences compute their pages anew.</summary>
    public void Abandon(StepPlan plan)
    {
        foreach (StepRows rows in plan.Rows)
        {
            if (rows.IsCurrent)
            {
                _pool.Release(rows.Sequence);
                Requeue(rows.Sequence);
            }
        }

        // States of others that were to change with it.
        foreach (Sequence owner in plan.StateChanges.Select(change => change.Owner))
        {
            _pool.Release(owner);
            if (owner.State == SequenceState.Running)
            {
                Requeue(owner);
            }
        }
    }

    /// <summary>Has a sequence that is not scheduled compute anew what it keeps, whose recurrent state is not to be trusted.</summary>
    public void Distrust(Sequence sequence)
    {
        if (_pool.IsRecurrent && sequence.State == SequenceState.Idle)
        {
            _holders.Remove(sequence);
            _pool.Release(sequence);
        }
    }

    private static bool IsDecoding(Sequence sequence) => sequence.Computed >= sequence.PromptLength - 1 && sequence.Pending <= 1;

    private static bool CanRun(Sequence sequence) =>
        !sequence.IsPaused
        && (sequence.Pending > 0 || (sequence.HasLogits && sequence.InFlight == 0))
        && sequence.Length < sequence.MaxLength
        && (sequence.InFlight == 0 || !(sequence.NeedsKnownTokens || sequence.Drafts.Count > 0));

    private void EndLate(IReadOnlyCollection<Sequence> sequences, TimeSpan now, Action<Sequence, EndReason> ended)
    {
        foreach (Sequence late in sequences.Where(sequence => sequence.Deadline <= now).ToArray())
        {
            Remove(late);
            ended(late, EndReason.Deadline);
        }
    }

    /// <summary>
    /// Rows for those that run, the soonest first, whatever they do: who comes later never takes a page from who comes first.
    /// </summary>
    /// <param name="plan">Receives the rows.</param>
    /// <param name="spare">Rows beyond one for each sequence that decodes.</param>
    /// <param name="prompts">Those of them that prompts may take.</param>
    /// <param name="ended">Called for a sequence that cannot go on.</param>
    private void PlanRunning(StepPlan plan, int spare, ref int prompts, Action<Sequence, EndReason> ended)
    {
        for (int i = 0; i < _running.Count; i++)
        {
            Sequence sequence = _running[i];
            bool decoding = IsDecoding(sequence);
            if (!CanRun(sequence) || (!decoding && prompts == 0))
            {
                continue;
            }

            // A recurrent state cannot go back to before a guess that does not hold.
            int drafts = !decoding || _pool.IsRecurrent ? 0
                : Math.Clamp(sequence.Drafts.Count, 0, Math.Min(spare, sequence.MaxLength - sequence.Length - 1));
            int count = decoding ? 1 : _pool.RowsOfStep(sequence, Math.Min(prompts, sequence.Pending));
            if (!TryFindPages(plan, sequence, count, ref drafts, i, ended))
            {
                // It has left the list, and with it all behind it.
                return;
            }

            Commit(plan, sequence, count, drafts);
            spare -= decoding ? drafts : count;
            prompts = Math.Min(decoding ? prompts : prompts - count, spare);
        }
    }

    /// <summary>
    /// Pages for more rows of a running sequence: free ones, those of sequences that do not run, in the end those of younger ones.
    /// </summary>
    private bool TryFindPages(StepPlan plan, Sequence sequence, int count, ref int drafts, int index, Action<Sequence, EndReason> ended)
    {
        while (!_pool.TryGrow(sequence, sequence.Computed + count + drafts, plan.Copies))
        {
            if (drafts > 0)
            {
                drafts = 0;
            }
            else if (TryReclaim())
            {
                continue;
            }
            else if (index < _running.Count - 1)
            {
                Preempt(_running[^1]);
            }
            else if (index > 0)
            {
                Preempt(sequence);
                return false;
            }
            else
            {
                Remove(sequence);
                ended(sequence, EndReason.OutOfPages);
                return false;
            }
        }

        return true;
    }

    private void Commit(StepPlan plan, Sequence sequence, int count, int drafts)
    {
        bool wantsLogits = sequence.Chooses && sequence.Computed + count == sequence.Length;
        plan.Add(new StepRows(sequence, sequence.Computed, count + drafts, drafts, wantsLogits, sequence.Epoch));
        sequence.Computed += count + drafts;
        _pool.NotePlanned(sequence);

        // A step may keep other logits, or take those that are kept; where it is given up, nobody says which they are.
        sequence.LogitsAt = -1;
        if (wantsLogits)
        {
            sequence.InFlight++;
        }
    }

    private void Admit(StepPlan plan, int budget)
    {
        if (_running.Count >= _options.MaxRunning)
        {
            return;
        }

        foreach (Sequence sequence in _waiting.ToArray())
        {
            if (budget == 0 || _running.Count >= _options.MaxRunning)
            {
                return;
            }

            if (sequence.InFlight > 0)
            {
                continue;
            }

            _holders.Remove(sequence);
            bool isNew = sequence.Tables.Length == 0;
            if (isNew && !_pool.TryMatch(sequence))
            {
                continue;
            }

            int rows = _pool.RowsOfStep(sequence, Math.Min(budget, sequence.Pending));
            while (!Fits(sequence) || !_pool.TryGrow(sequence, sequence.Computed + rows, plan.Copies))
            {
                if (!TryReclaim())
                {
                    // Holding pages while it waits, it could keep everybody waiting.
                    GiveBack(sequence);
                    return;
                }
            }

            _waiting.Remove(sequence);
            sequence.State = SequenceState.Running;
            sequence.CachedTokens ??= sequence.Computed;
            Insert(sequence);
            _pool.Announce(sequence);
            Commit(plan, sequence, rows, 0);
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
        if (_options.Shortage == PageShortage.Refuse)
        {
            int promised = _running.Sum(other => Math.Max(
                0, _pool.PagesFor(other.MaxLength, _options.MaxRows) - other.Tables.Sum(table => table.Pages.Count - table.FirstHeld)));
            return _pool.PagesFor(sequence.MaxLength, _options.MaxRows) - held <= _pool.Available - promised;
        }

        return _running.Count == 0 || _pool.PagesFor(sequence.Length, _options.MaxRows) - held <= _pool.Available - _running.Count;
    }

    private void Insert(Sequence sequence)
    {
        int at = _running.FindIndex(other => SoonestFirst.Compare(sequence, other) < 0);
        _running.Insert(at < 0 ? _running.Count : at, sequence);
    }

    private void Preempt(Sequence sequence)
    {
        Preemptions++;
        GiveBack(sequence);
        Requeue(sequence);
    }

    /// <summary>Takes the pages of the sequence that has held them for longest without running.</summary>
    private bool TryReclaim()
    {
        if (_holders.First is not { Value: { } holder })
        {
            return false;
        }

        _holders.RemoveFirst();
        GiveBack(holder);
        return true;
    }

    private void GiveBack(Sequence sequence)
    {
        if (sequence.Tables.Length > 0)
        {
            _pool.Publish(sequence, sequence.Computed);
            _pool.Release(sequence);
        }
    }

    /// <summary>Tokens that steps under way choose stay its own: it waits until they are known.</summary>
    private void Requeue(Sequence sequence)
    {
        _running.Remove(sequence);
        sequence.State = SequenceState.Waiting;
        sequence.Preemptions++;
        sequence.Drafts.Clear();
        _waiting.Add(sequence);
    }
}
