namespace VkInfer.Engine.Cache;

/// <summary>Layers whose keys and values share pages: they keep the same positions.</summary>
/// <param name="Window">Positions that a token sees, itself among them; 0: all before it.</param>
internal readonly record struct CacheGroup(int Window)
{
    /// <summary>The first position that a token at <paramref name="position"/> sees.</summary>
    public int FirstVisible(int position) => Window > 0 ? Math.Max(0, position - Window + 1) : 0;
}
