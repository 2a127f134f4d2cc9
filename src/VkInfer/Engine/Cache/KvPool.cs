using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <summary>
/// Gives sequences the pages that their keys and values lie in, shares those of equal prefixes, and takes them back. Knows numbers, not
/// memory: what lies in a page is written by steps, which run in the order in which they were planned, so that a page may have a new owner
/// while a step of the old one is still under way. Not thread-safe.
/// </summary>
internal sealed class KvPool
{
    /// <summary>Positions of a page.</summary>
    public const int PageTokens = 32;

    private readonly CacheGroup[] _groups;
    private readonly PagePool _pages;
    private readonly Dictionary<string, PrefixNode> _scopes = [];
    private readonly PrefixNode _shared;
    private readonly bool _sharesPrefixes;

    /// <param name="groups">Groups of layers; each page holds positions of one.</param>
    /// <param name="pages">How many there are.</param>
    /// <param name="sharesPrefixes">Whether equal prefixes are found and kept.</param>
    /// <param name="mostRemembered">Pages that may be kept for their prefixes alone, when no sequence holds them.</param>
    public KvPool(IEnumerable<CacheGroup> groups, int pages, bool sharesPrefixes = true, int mostRemembered = int.MaxValue)
    {
        _groups = [.. groups];
        ArgumentOutOfRangeException.ThrowIfZero(_groups.Length, nameof(groups));
        _pages = new PagePool(pages, mostRemembered);
        _shared = new PrefixNode(_groups.Length);
        _sharesPrefixes = sharesPrefixes;
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

    /// <summary>Begins to count anew how many are held at most.</summary>
    public void RestartMost() => _pages.MostHeld = Held;

    /// <summary>Most pages that a sequence holds at once on its way to so many positions, in steps of so many rows.</summary>
    public int PagesFor(int positions, int rows)
    {
        int sum = 0;
        foreach (CacheGroup group in _groups)
        {
            int all = PageCount(positions);

            // The window before the step's first row and the step itself may begin and end inside a page.
            sum += group.Window > 0 ? Math.Min(all, PageCount(group.Window + rows - 1) + 1) : all;
        }

        return sum;
    }

    /// <summary>
    /// Finds the longest known prefix of a sequence without pages and lets it hold that. Its last token is always left to compute.
    /// </summary>
    /// <returns>False: another sequence is about to compute what this one needs next, so waiting pays.</returns>
    public bool TryMatch(Sequence sequence)
    {
        sequence.Tables = [.. _groups.Select(_ => new BlockTable())];
        sequence.Computed = 0;
        if (!_sharesPrefixes)
        {
            return true;
        }

        ReadOnlySpan<int> tokens = sequence.Tokens;
        int full = Math.Min(tokens.Length - 1, sequence.FirstWanted) / PageTokens;
        PrefixNode? node = Root(sequence);
        while (sequence.Chain.Count < full && node.Find(PageOf(tokens, sequence.Chain.Count)) is { } next && HasUnbounded(next))
        {
            sequence.Chain.Add(node = next);
        }

        if (sequence.Chain.Count < full && node.Find(PageOf(tokens, sequence.Chain.Count))?.Computing is { } other && other != sequence)
        {
            sequence.Chain.Clear();
            sequence.Tables = [];
            return false;
        }

        int known = LongestHeld(sequence.Chain);
        sequence.Chain.RemoveRange(known, sequence.Chain.Count - known);
        for (int group = 0; group < _groups.Length; group++)
        {
            int first = _groups[group].FirstVisible(known * PageTokens) / PageTokens;
            for (int i = 0; i < known; i++)
            {
                if (i < first)
                {
                    sequence.Tables[group].AddNone();
                    continue;
                }

                int page = sequence.Chain[i].Pages[group];
                _pages.Hold(page);
                sequence.Tables[group].Add(page);
            }
        }

        sequence.Computed = known * PageTokens;
        return true;
    }

    /// <summary>Says that a sequence is about to compute the rest of its known full pages, so that others wait for it.</summary>
    public void Announce(Sequence sequence)
    {
        if (!_sharesPrefixes)
        {
            return;
        }

        PrefixNode node = LastOf(sequence);
        for (int i = sequence.Chain.Count; i < sequence.Tokens.Length / PageTokens; i++)
        {
            node = node.FindOrAdd(PageOf(sequence.Tokens, i));
            node.Computing ??= sequence;
        }
    }

    /// <summary>Makes room for positions up to <paramref name="end"/>, and lets go of what has fallen behind windows.</summary>
    /// <param name="sequence">The sequence; rows from <see cref="Sequence.Computed"/> on will be written.</param>
    /// <param name="end">The position behind the last.</param>
    /// <param name="copies">Receives pages that must be copied before they are written.</param>
    /// <returns>False: there are not enough pages; nothing has changed but what fell behind.</returns>
    public bool TryGrow(Sequence sequence, int end, List<PageCopy> copies)
    {
        DropBehind(sequence);
        int missing = 0;
        foreach (BlockTable table in sequence.Tables)
        {
            missing += Math.Max(0, PageCount(end) - table.Pages.Count) + (MustCopy(sequence, table) ? 1 : 0);
        }

        if (missing > _pages.Available)
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

            while (table.Pages.Count < PageCount(end))
            {
                table.Add(Take());
            }
        }

        return true;
    }

    /// <summary>Tells the prefix index of full pages that are computed, and whose tokens are known.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="computed">Positions computed by steps that have ended.</param>
    public void Publish(Sequence sequence, int computed)
    {
        if (!_sharesPrefixes)
        {
            return;
        }

        int full = Math.Min(computed, sequence.Tokens.Length) / PageTokens;
        while (sequence.Chain.Count < full)
        {
            int index = sequence.Chain.Count;
            PrefixNode node = LastOf(sequence).FindOrAdd(PageOf(sequence.Tokens, index));
            if (node.Computing == sequence)
            {
                node.Computing = null;
            }

            for (int group = 0; group < _groups.Length; group++)
            {
                int page = sequence.Tables[group].Pages[index];
                if (page != BlockTable.None && node.Pages[group] == BlockTable.None)
                {
                    int of = group;
                    node.Pages[group] = page;
                    _pages.Remember(page, () =>
                    {
                        node.Pages[of] = BlockTable.None;
                        node.Prune();
                    });
                }
            }

            sequence.Chain.Add(node);
        }
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
                if (page == BlockTable.None)
                {
                    to.Tables[group].AddNone();
                    continue;
                }

                _pages.Hold(page);
                to.Tables[group].Add(page);
            }
        }

        to.Computed = from.Computed;
        to.Chain.AddRange(from.Chain);
        Cut(to, Math.Min(from.Computed, to.Tokens.Length));
    }

    /// <summary>
    /// Lets go of all but <paramref name="length"/> computed positions, of which there must be as many. Where a window no longer has what
    /// the next row would see, everything goes.
    /// </summary>
    public void Cut(Sequence sequence, int length)
    {
        if (sequence.Tables.Length == 0)
        {
            return;
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
            while (table.Pages.Count > PageCount(length))
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
        sequence.Chain.Clear();
        sequence.Tables = [];
        (sequence.Computed, sequence.LogitsAt) = (0, -1);
    }

    /// <summary>Ends what <see cref="Announce"/> said, as far as it has not come true.</summary>
    public void Withdraw(Sequence sequence)
    {
        PrefixNode? node = sequence.Tables.Length > 0 && _sharesPrefixes ? LastOf(sequence) : null;
        PrefixNode? last = node;
        for (int i = sequence.Chain.Count; node is not null && i < sequence.Tokens.Length / PageTokens; i++)
        {
            node = node.Find(PageOf(sequence.Tokens, i));
            if (node?.Computing == sequence)
            {
                node.Computing = null;
            }

            last = node ?? last;
        }

        last?.Prune();
        if (sequence.PrefixScope is { } scope && _scopes.TryGetValue(scope, out PrefixNode? root) && root.IsEmpty)
        {
            _scopes.Remove(scope);
        }
    }

    private static int PageCount(int positions) => (positions + PageTokens - 1) / PageTokens;

    private static ReadOnlySpan<int> PageOf(ReadOnlySpan<int> tokens, int index) => tokens.Slice(index * PageTokens, PageTokens);

    private PrefixNode Root(Sequence sequence)
    {
        if (sequence.PrefixScope is not { } scope)
        {
            return _shared;
        }

        if (!_scopes.TryGetValue(scope, out PrefixNode? root))
        {
            _scopes.Add(scope, root = new PrefixNode(_groups.Length));
        }

        return root;
    }

    private PrefixNode LastOf(Sequence sequence) => sequence.Chain.Count > 0 ? sequence.Chain[^1] : Root(sequence);

    private bool MustCopy(Sequence sequence, BlockTable table)
    {
        int index = sequence.Computed / PageTokens;
        return index < table.Pages.Count && _pages.IsShared(table.Pages[index]);
    }

    private bool HasUnbounded(PrefixNode node)
    {
        for (int group = 0; group < _groups.Length; group++)
        {
            if (_groups[group].Window == 0 && node.Pages[group] == BlockTable.None)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The most pages of a chain after which every group has what the next row sees.</summary>
    private int LongestHeld(List<PrefixNode> chain)
    {
        for (int known = chain.Count; known > 0; known--)
        {
            bool held = true;
            for (int group = 0; group < _groups.Length && held; group++)
            {
                for (int i = known - 1; i >= _groups[group].FirstVisible(known * PageTokens) / PageTokens && held; i--)
                {
                    held = chain[i].Pages[group] != BlockTable.None;
                }
            }

            if (held)
            {
                return known;
            }
        }

        return 0;
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
