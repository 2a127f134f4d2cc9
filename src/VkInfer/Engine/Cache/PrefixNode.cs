namespace VkInfer.Engine.Cache;

/// <summary>
/// A page of tokens behind a chain of others: what is known about prefixes. Two nodes are one only if all tokens before them and in them
/// are the same, by comparison.
/// </summary>
internal sealed class PrefixNode
{
    private readonly Dictionary<int[], PrefixNode> _children = new(TokenComparer.Instance);
    private readonly PrefixNode? _parent;
    private readonly int[] _tokens;
    private readonly int[] _pages;

    /// <summary>Makes a root.</summary>
    /// <param name="groups">Groups of layers.</param>
    public PrefixNode(int groups)
        : this(null, [], groups)
    {
    }

    private PrefixNode(PrefixNode? parent, int[] tokens, int groups)
    {
        _parent = parent;
        _tokens = tokens;
        _pages = new int[groups];
        Array.Fill(_pages, BlockTable.None);
    }

    /// <summary>For each group the page that holds the tokens, or <see cref="BlockTable.None"/>.</summary>
    public Span<int> Pages => _pages;

    /// <summary>Who is about to compute this page; null: nobody.</summary>
    public object? Computing { get; set; }

    /// <summary>A snapshot of the recurrent state behind the page, or <see cref="StatePool.None"/>.</summary>
    public int Snapshot { get; set; } = StatePool.None;

    /// <summary>Whether nothing is known of the node, nor of any behind it.</summary>
    public bool IsEmpty => Computing is null && Snapshot == StatePool.None && _children.Count == 0
        && !_pages.AsSpan().ContainsAnyExcept(BlockTable.None);

    public PrefixNode? Find(ReadOnlySpan<int> tokens) =>
        _children.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(tokens, out PrefixNode? child) ? child : null;

    public PrefixNode FindOrAdd(ReadOnlySpan<int> tokens)
    {
        if (Find(tokens) is { } known)
        {
            return known;
        }

        var child = new PrefixNode(this, tokens.ToArray(), _pages.Length);
        _children.Add(child._tokens, child);
        return child;
    }

    /// <summary>Removes the node, and those before it, as far as nothing is known of them any more.</summary>
    public void Prune()
    {
        for (PrefixNode node = this; node._parent is { } parent && node.IsEmpty; node = parent)
        {
            // A node that was removed while a sequence still knew it may have a successor under the same tokens.
            if (parent._children.TryGetValue(node._tokens, out PrefixNode? current) && ReferenceEquals(current, node))
            {
                parent._children.Remove(node._tokens);
            }
        }
    }
}
