namespace VkInfer.Engine.Cache;

/// <summary>Layers whose keys and values share pages: they keep the same positions.</summary>
/// <param name="Window">Positions that a token sees, itself among them; 0: all before it.</param>
internal readonly record struct CacheGroup(int Window)
{
    /// <summary>The first position that a token at <paramref name="position"/> sees.</summary>
    public int FirstVisible(int position) => Window > 0 ? Math.Max(0, position - Window + 1) : 0;

    /// <summary>Most pages that a sequence holds at once on its way to so many positions, in steps of so many rows.</summary>
    public int PagesFor(int positions, int rows)
    {
        // The window before the step's first row and the step itself may begin and end inside a page.
        int all = PageCount(positions);
        return Window > 0 ? Math.Min(all, PageCount(Window + rows - 1) + 1) : all;
    }

    /// <summary>Pages that hold so many positions from the beginning on.</summary>
    public static int PageCount(int positions) => (positions + KvPool.PageTokens - 1) / KvPool.PageTokens;
}
