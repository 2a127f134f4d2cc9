using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <summary>
/// Gives sequences the pages that their keys and values lie in, shares those of equal prefixes, and takes them back. Knows numbers, not
/// memory: what lies in a page is written by steps, which run in the order in which they were planned, so that a page may have a new owner
/// while a step of the old one is still under way. Not thread-safe.
/// </summary>
internal sealed partial class KvPool
{
    /// <summary>Positions of a page.</summary>
    public const int PageTokens = 32;

    private readonly CacheGroup[] _groups;
    private readonly PagePool _pages;
    private readonly PrefixIndex? _prefixes;

    /// <param name="groups">Groups of layers; each page holds positions of one.</param>
    /// <param name="pages">How many there are.</param>
    /// <param name="sharesPrefixes">Whether equal prefixes are found and kept.</param>
    /// <param name="mostRemembered">Pages that may be kept for their prefixes alone, when no sequence holds them.</param>
    /// <param name="states">The recurrent states of sequences; null: the model has none.</param>
    public KvPool(
        IEnumerable<CacheGroup> groups, int pages, bool sharesPrefixes = true, int mostRemembered = int.MaxValue, StatePool? states = null)
    {
        _groups = [.. groups];
        ArgumentOutOfRangeException.ThrowIfZero(_groups.Length, nameof(groups));
        _pages = new PagePool(pages, mostRemembered);
        _prefixes = sharesPrefixes ? new PrefixIndex(_groups, _pages, needsSnapshots: states is not null) : null;
        States = states;
    }

    /// <summary>All pages.</summary>
    public int Count => _pages.Count;

    /// <summary>Pages that a sequence could get now.</summary>
    public int Available => _pages.Available;

    /// <summary>Pages that nobody holds, and that are known as prefixes.</summary>
    public int Remembered => _pages.Remembered;

    /// <summary>Pages that sequences hold.</summary>
    public int Held => _pages.Held;

    /// <summary>Most pages that sequences held at a time, since <see cref="RestartMost"/>.</summary>
    public int MostHeld => _pages.MostHeld;

    /// <summary>The recurrent states of sequences, which cannot be cut back; null: the model has none.</summary>
    public StatePool? States { get; }

    /// <summary>Rows that a step may compute of a sequence, of those that it could.</summary>
    public int RowsOfStep(Sequence sequence, int rows) => States is null ? rows : StatePool.RowsToStop(sequence, rows);

    /// <summary>Begins to count anew how many are held at most.</summary>
    public void RestartMost() => _pages.MostHeld = Held;

    /// <summary>Forgets the prefixes that no sequence holds.</summary>
    public void ForgetPrefixes() => _pages.ForgetRemembered();

    /// <summary>Most pages that a sequence holds at once on its way to so many positions, in steps of so many rows.</summary>
    public int PagesFor(int positions, int rows)
    {
        int sum = 0;
        foreach (CacheGroup group in _groups)
        {
            sum += group.PagesFor(positions, rows);
        }

        return sum;
    }

    /// <summary>Makes room for positions up to <paramref name="end"/>, and lets go of what has fallen behind windows.</summary>
    /// <param name="sequence">The sequence; rows from <see cref="Sequence.Computed"/> on will be written.</param>
    /// <param name="end">The position behind the last.</param>
    /// <param name="copies">Receives pages that must be copied before they are written.</param>
    /// <returns>False: there are not enough pages, or states; nothing has changed but what fell behind.</returns>
    public bool TryGrow(Sequence sequence, int end, List<PageCopy> copies)
    {
        DropBehind(sequence);
        int missing = 0;
        foreach (BlockTable table in sequence.Tables)
        {
            missing += Math.Max(0, CacheGroup.PageCount(end) - table.Pages.Count) + (MustCopy(sequence, table) ? 1 : 0);
        }

        if (missing > _pages.Available || States?.Has(sequence) == false)
        {
            return false;
        }

        foreach (BlockTable table in sequence.Tables)
        {
            if (MustCopy(sequence, table))
            {
                int index = sequence.Computed / PageTokens;
                int from = table.Pages[index];
                int to = Take();
                copies.Add(new PageCopy(from, to));
                table.Replace(index, to);
                _pages.Release(from);
            }
            else if (sequence.Computed / PageTokens is int first && first < table.Pages.Count)
            {
                // After a cut, the page may still be known for what it held.
                _pages.Forget(table.Pages[first]);
            }

            while (table.Pages.Count < CacheGroup.PageCount(end))
            {
                table.Add(Take());
            }
        }

        return true;
    }

    /// <summary>
    /// A second sequence over the same pages, as far as its tokens go, which must be the first one's. A page that both hold is copied when
    /// either writes it.
    /// </summary>
    public void Fork(Sequence from, Sequence to)
    {
        if (from.Tables.Length == 0)
        {
            return;
        }

        to.Tables = [.. _groups.Select(_ => new BlockTable())];
        for (int group = 0; group < _groups.Length; group++)
        {
            foreach (int page in from.Tables[group].Pages)
            {
                Share(page, to.Tables[group]);
            }
        }

        to.Computed = from.Computed;
        to.Chain.AddRange(from.Chain);
        if (States?.TryFork(from, to) == false)
        {
            Release(to);
            return;
        }

        Cut(to, Math.Min(from.Computed, to.Tokens.Length));
    }

    /// <summary>
    /// Lets go of all but <paramref name="length"/> computed positions, of which there must be as many. Where a window no longer has what
    /// the next row would see, everything goes; a recurrent state goes back to the last snapshot at or before there, or to the beginning.
    /// </summary>
    public void Cut(Sequence sequence, int length)
    {
        if (sequence.Tables.Length == 0)
        {
            return;
        }

        if (States is { } states && length < sequence.Computed)
        {
            states.DropSnapshots(sequence, length + 1);
            length = StatePool.LastSnapshot(sequence, length);
            if (length == 0)
            {
                Release(sequence);
                return;
            }

            states.Restore(sequence, sequence.Chain[(length / PageTokens) - 1].Snapshot);
        }

        for (int group = 0; group < _groups.Length; group++)
        {
            if (sequence.Tables[group].FirstHeld * PageTokens > _groups[group].FirstVisible(length))
            {
                Release(sequence);
                return;
            }
        }

        foreach (BlockTable table in sequence.Tables)
        {
            while (table.Pages.Count > CacheGroup.PageCount(length))
            {
                Release(table.TakeLast());
            }
        }

        sequence.Computed = length;
        int full = Math.Min(sequence.Chain.Count, length / PageTokens);
        sequence.Chain.RemoveRange(full, sequence.Chain.Count - full);
    }

    /// <summary>Takes all pages back. Of a prefix the end goes first when pages are needed.</summary>
    public void Release(Sequence sequence)
    {
        foreach (BlockTable table in sequence.Tables)
        {
            while (table.Pages.Count > 0)
            {
                Release(table.TakeLast());
            }
        }

        Withdraw(sequence);
        States?.Release(sequence);
        sequence.Chain.Clear();
        sequence.Tables = [];
        (sequence.Computed, sequence.LogitsAt) = (0, -1);
    }

    private bool MustCopy(Sequence sequence, BlockTable table)
    {
        int index = sequence.Computed / PageTokens;
        return index < table.Pages.Count && _pages.IsShared(table.Pages[index]);
    }

    /// <summary>Has a table name a page that others may name, too.</summary>
    private void Share(int page, BlockTable table)
    {
        if (page == BlockTable.None)
        {
            table.AddNone();
            return;
        }

        _pages.Hold(page);
        table.Add(page);
    }

    private void DropBehind(Sequence sequence)
    {
        for (int group = 0; group < _groups.Length; group++)
        {
            BlockTable table = sequence.Tables[group];
            int first = _groups[group].FirstVisible(sequence.Computed) / PageTokens;
            while (table.FirstHeld < Math.Min(first, table.Pages.Count))
            {
                Release(table.TakeFirst());
            }
        }
    }

    private int Take() =>
        _pages.TryTake(out int page) ? page : throw new InvalidOperationException("No page is left; expected as many as were counted.");

    private void Release(int page)
    {
        if (page != BlockTable.None)
        {
            _pages.Release(page);
        }
    }
}
