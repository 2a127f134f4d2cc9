using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <summary>
/// Which pages hold the keys and values of which tokens: chains of full pages, found by the tokens in them and before them. Not
/// thread-safe.
/// </summary>
internal sealed class PrefixIndex
{
    private const int PageTokens = KvPool.PageTokens;

    private readonly CacheGroup[] _groups;
    private readonly PagePool _pages;
    private readonly bool _needsSnapshots;
    private readonly Dictionary<string, PrefixNode> _scopes = [];
    private readonly PrefixNode _shared;

    /// <param name="groups">Groups of layers; each page holds positions of one.</param>
    /// <param name="pages">Remembers pages that the index knows.</param>
    /// <param name="needsSnapshots">Whether a prefix is of use only where a recurrent state behind it was kept.</param>
    public PrefixIndex(CacheGroup[] groups, PagePool pages, bool needsSnapshots)
    {
        (_groups, _pages, _needsSnapshots) = (groups, pages, needsSnapshots);
        _shared = new PrefixNode(groups.Length);
    }

    /// <summary>
    /// Finds the longest known prefix of a sequence without pages: <see cref="Sequence.Chain"/>. Its last token is always left to compute.
    /// </summary>
    /// <returns>False: another sequence is about to compute what this one needs next, so waiting pays.</returns>
    public bool TryFind(Sequence sequence)
    {
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
            return false;
        }

        int known = LongestHeld(sequence.Chain);
        sequence.Chain.RemoveRange(known, sequence.Chain.Count - known);
        return true;
    }

    /// <summary>Says that a sequence is about to compute the rest of its known full pages, so that others wait for it.</summary>
    public void Announce(Sequence sequence)
    {
        PrefixNode node = LastOf(sequence);
        for (int i = sequence.Chain.Count; i < sequence.Tokens.Length / PageTokens; i++)
        {
            node = node.FindOrAdd(PageOf(sequence.Tokens, i));
            node.Computing ??= sequence;
        }
    }

    /// <summary>Tells the prefix index of full pages that are computed, and whose tokens are known.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="computed">Positions computed by steps that have ended.</param>
    public void Publish(Sequence sequence, int computed)
    {
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

    /// <summary>Ends what <see cref="Announce"/> said, as far as it has not come true.</summary>
    public void Withdraw(Sequence sequence)
    {
        PrefixNode? node = sequence.Tables.Length > 0 ? LastOf(sequence) : null;
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

    /// <summary>The most pages of a chain after which every group has what the next row sees, and a state there is.</summary>
    private int LongestHeld(List<PrefixNode> chain)
    {
        for (int known = chain.Count; known > 0; known--)
        {
            bool held = !_needsSnapshots || chain[known - 1].Snapshot != StatePool.None;
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
}
