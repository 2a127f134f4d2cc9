using VkInfer.Engine.Cache;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <summary>
/// Decides which tokens of which sequences a step computes. Prompts and decoding are the same thing, with other counts. Never touches a
/// device. Not thread-safe: the engine's loop owns it.
/// </summary>
internal sealed partial class Scheduler
{
    private readonly SchedulerOptions _options;
    private readonly KvPool _pool;
    private readonly SequenceQueues _queues;
    private readonly Admission _admission;

    public Scheduler(SchedulerOptions options, KvPool pool)
    {
        _options = options;
        _pool = pool;
        _queues = new SequenceQueues(pool);
        _admission = new Admission(options, pool, _queues);
    }

    /// <summary>Sequences that wait for pages or a place.</summary>
    public int Waiting => _queues.Waiting.Count;

    /// <summary>Sequences that take part in steps, the soonest first.</summary>
    public IReadOnlyList<Sequence> Running => _queues.Running;

    /// <summary>Sequences that a step is shared by, the one that asks counted though it may be put aside.</summary>
    public int Sharing => Math.Max(1, _queues.Running.Count);

    /// <summary>How often a sequence that ran gave its pages to others.</summary>
    public long Preemptions => _queues.Preemptions;

    /// <summary>Takes a sequence in. It may hold pages already: of an earlier turn, or of a fork.</summary>
    /// <exception cref="QueueFullException">Too many wait.</exception>
    /// <exception cref="ContextLengthExceededException">Even alone it would find too few pages.</exception>
    public void Add(Sequence sequence)
    {
        if (sequence.State != SequenceState.Idle)
        {
            throw new InvalidOperationException("The sequence is scheduled already.");
        }

        if (_queues.Waiting.Count >= _options.MaxWaiting)
        {
            throw new QueueFullException(_queues.Waiting.Count);
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

        _queues.Enter(sequence);
    }

    /// <summary>Plans the next step.</summary>
    /// <param name="now">The time, on the clock of deadlines.</param>
    /// <param name="plan">Receives it; empty when there is nothing to do.</param>
    /// <param name="ended">Called for sequences that end here; they are out already.</param>
    public void Plan(TimeSpan now, StepPlan plan, Action<Sequence, EndReason> ended)
    {
        plan.Clear();
        if (_queues.WithDeadline > 0)
        {
            EndLate(_queues.Running, now, ended);
            EndLate(_queues.Waiting, now, ended);
            EndLate(_queues.Parked, now, ended);
        }

        int decodeRows = _queues.CountDecoding();
        int spare = _options.MaxRows - decodeRows;
        int prompts = Math.Min(spare, _options.Policy.PromptRows(decodeRows));
        PlanRunning(plan, spare, ref prompts, ended);
        if (prompts > 0 && _queues.Waiting.Count > 0)
        {
            _admission.Admit(plan, prompts);
        }

        if (plan.Rows.Count > 0)
        {
            _pool.States?.MoveTo(plan.StateChanges);
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
        _queues.Leave(sequence);
        if (!keepPages)
        {
            _queues.GiveBack(sequence);
        }
        else if (sequence.Tables.Length > 0)
        {
            // Steps under way may have computed positions of tokens that will never be known.
            _pool.Cut(sequence, Math.Min(sequence.Computed, sequence.Tokens.Length));

            // Nobody must wait for pages that it no longer computes.
            _pool.Publish(sequence, sequence.Computed);
            _pool.Withdraw(sequence);
            _queues.AddHolder(sequence);
        }
    }

    /// <summary>
    /// Puts a sequence aside whose reader is behind. It makes room for others, and keeps its pages until they are needed. Without effect
    /// on one that is not scheduled.
    /// </summary>
    public void Park(Sequence sequence) => _queues.Park(sequence);

    /// <summary>Lets a parked sequence go on, in its old place in the order of arrivals. Without effect on any other.</summary>
    public void Unpark(Sequence sequence) => _queues.Unpark(sequence);

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
        for (int i = 0; i < _queues.Running.Count; i++)
        {
            Sequence sequence = _queues.Running[i];
            bool decoding = sequence.IsDecoding;
            if (!sequence.CanRun || (!decoding && prompts == 0))
            {
                continue;
            }

            // A recurrent state cannot go back to before a guess that does not hold.
            int drafts = !decoding || _pool.States is not null ? 0
                : Math.Clamp(sequence.Drafts.Count, 0, Math.Min(spare, sequence.MaxLength - sequence.Length - 1));
            int count = decoding ? 1 : _pool.RowsOfStep(sequence, Math.Min(prompts, sequence.Pending));
            if (!TryFindPages(plan, sequence, count, ref drafts, i, ended))
            {
                // It has left the list, and with it all behind it.
                return;
            }

            plan.Commit(sequence, count, drafts);
            _pool.States?.Keep(sequence);
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
            else if (_queues.TryReclaim())
            {
                continue;
            }
            else if (index < _queues.Running.Count - 1)
            {
                _queues.Preempt(_queues.Running[^1]);
            }
            else if (index > 0)
            {
                _queues.Preempt(sequence);
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
}
