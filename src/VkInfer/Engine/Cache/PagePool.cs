namespace VkInfer.Engine.Cache;

/// <summary>
/// Counts the pages of a KV cache: which are held, by how many block tables, which are only remembered because a prefix index knows their
/// contents, and which are free. Knows numbers, not memory. Not thread-safe.
/// </summary>
internal sealed class PagePool
{
    private readonly int[] _holders;
    private readonly Action?[] _forget;
    private readonly LinkedListNode<int>?[] _remembered;
    private readonly LinkedList<int> _leastRecentlyUsed = [];
    private readonly Stack<int> _free;
    private readonly int _mostRemembered;

    /// <param name="pages">How many there are; 1 or more.</param>
    /// <param name="mostRemembered">How many may be remembered at a time; beyond that the least recently used is forgotten.</param>
    public PagePool(int pages, int mostRemembered = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pages, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(mostRemembered);
        _mostRemembered = mostRemembered;
        _holders = new int[pages];
        _forget = new Action?[pages];
        _remembered = new LinkedListNode<int>?[pages];
        _free = new Stack<int>(pages);
        for (int page = pages - 1; page >= 0; page--)
        {
            _free.Push(page);
        }
    }

    /// <summary>All pages.</summary>
    public int Count => _holders.Length;

    /// <summary>Pages that can be taken: free ones, and those that are only remembered.</summary>
    public int Available => _free.Count + _leastRecentlyUsed.Count;

    /// <summary>Pages that are only remembered.</summary>
    public int Remembered => _leastRecentlyUsed.Count;

    /// <summary>Pages in block tables.</summary>
    public int Held => Count - Available;

    /// <summary>Most pages that were in block tables at a time, since it was set.</summary>
    public int MostHeld { get; set; }

    /// <summary>Takes a page that nobody holds, if need be one that is remembered: the least recently used.</summary>
    /// <param name="page">Its number; it has one holder.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryTake(out int page)
    {
        if (!_free.TryPop(out page))
        {
            if (_leastRecentlyUsed.Count == 0)
            {
                page = -1;
                return false;
            }

            page = ForgetOldest();
        }

        _holders[page] = 1;
        MostHeld = Math.Max(MostHeld, Held);
        return true;
    }

    /// <summary>Adds a holder to a page that is held or remembered.</summary>
    public void Hold(int page)
    {
        if (_remembered[page] is { } node)
        {
            _leastRecentlyUsed.Remove(node);
            _remembered[page] = null;
        }
        else if (_holders[page] == 0)
        {
            throw new InvalidOperationException($"Page {page} is free; expected one that is held or remembered.");
        }

        _holders[page]++;
        MostHeld = Math.Max(MostHeld, Held);
    }

    /// <summary>Removes a holder; without one, the page is remembered if somebody asked for that, else free.</summary>
    public void Release(int page)
    {
        if (_holders[page] == 0)
        {
            throw new InvalidOperationException($"Page {page} has no holder; expected at least one.");
        }

        if (--_holders[page] > 0)
        {
            return;
        }

        if (_forget[page] is null)
        {
            _free.Push(page);
        }
        else
        {
            _remembered[page] = _leastRecentlyUsed.AddLast(page);
            while (_leastRecentlyUsed.Count > _mostRemembered)
            {
                _free.Push(ForgetOldest());
            }
        }
    }

    /// <summary>Frees all pages that are only remembered.</summary>
    public void ForgetRemembered()
    {
        while (_leastRecentlyUsed.Count > 0)
        {
            _free.Push(ForgetOldest());
        }
    }

    /// <summary>Whether more than one block table names the page: then nobody may write it.</summary>
    public bool IsShared(int page) => _holders[page] > 1;

    /// <summary>Keeps the contents of a held page beyond its last holder, until the page is needed.</summary>
    /// <param name="page">The page.</param>
    /// <param name="forget">Called when its contents go.</param>
    public void Remember(int page, Action forget) => _forget[page] = forget;

    /// <summary>Ends what <see cref="Remember"/> began, for a held page whose contents are about to change.</summary>
    public void Forget(int page)
    {
        Action? forget = _forget[page];
        _forget[page] = null;
        forget?.Invoke();
    }

    private int ForgetOldest()
    {
        int page = _leastRecentlyUsed.First!.Value;
        _leastRecentlyUsed.RemoveFirst();
        _remembered[page] = null;
        Forget(page);
        return page;
    }
}
