namespace VkInfer.Engine.Cache;

/// <summary>The pages of one sequence in one group of layers, in the order of positions. Plain data.</summary>
internal sealed class BlockTable
{
    /// <summary>Stands where a page has fallen behind the window.</summary>
    public const int None = -1;

    private readonly List<int> _pages = [];

    /// <summary>Pages, or <see cref="None"/>; entry i holds positions from i · <see cref="KvPool.PageTokens"/>.</summary>
    public IReadOnlyList<int> Pages => _pages;

    /// <summary>Entries before this one are <see cref="None"/>.</summary>
    public int FirstHeld { get; private set; }

    /// <summary>Entries from this one on may have changed since <see cref="TakeChanges"/>, but for those behind the window.</summary>
    public int FirstChanged { get; private set; }

    /// <summary>Says that whoever mirrors the table has seen all of it.</summary>
    public void TakeChanges() => FirstChanged = _pages.Count;

    /// <summary>Says that somebody else is to mirror the table, from the beginning.</summary>
    public void Restart() => FirstChanged = 0;

    public void Add(int page) => _pages.Add(page);

    /// <summary>Adds an entry for positions that nobody will see; only where no page is held yet.</summary>
    public void AddNone()
    {
        _pages.Add(None);
        FirstHeld = _pages.Count;
    }

    public void Replace(int index, int page)
    {
        _pages[index] = page;
        FirstChanged = Math.Min(FirstChanged, index);
    }

    public int TakeLast()
    {
        int page = _pages[^1];
        _pages.RemoveAt(_pages.Count - 1);
        FirstHeld = Math.Min(FirstHeld, _pages.Count);
        FirstChanged = Math.Min(FirstChanged, _pages.Count);
        return page;
    }

    /// <summary>Takes the first page that is held out of the table.</summary>
    public int TakeFirst()
    {
        int page = _pages[FirstHeld];
        _pages[FirstHeld++] = None;
        return page;
    }
}
