namespace VkInfer.Vulkan;

/// <content>Dispatches that wait for each other by counters.</content>
public sealed unsafe partial class CommandList
{
    private DispatchChain? _chain;
    private uint _links;
    private ulong _linkGroups; // of the last link; 0: something else was recorded since
    private bool _isSideBySide;
    private ChainLink? _shared;

    /// <summary>
    /// From here on, dispatches that <see cref="NextLink"/> gave a place wait for each other by the counters of a chain, not by barriers.
    /// Others are ordered as ever. Without effect where dispatches are timed, which keeps them apart.
    /// </summary>
    /// <param name="chain">Has the counters; not owned, and to live as long as the list is submitted.</param>
    public void BeginChain(DispatchChain chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (IsProfiled)
        {
            return;
        }

        Fill(chain.Arrivals, 0);
        Use(chain.Report, BindingAccess.Write, WorkStages.Compute);
        (_chain, _links, _linkGroups, _shared) = (chain, 0, 0, null);
    }

    /// <summary>
    /// Until the scope is disposed, <see cref="NextLink"/> gives dispatches the same place, so that they do not wait for each other; what
    /// comes behind waits for them all. None of them may read or write what another one writes.
    /// </summary>
    public SideBySideScope SideBySide()
    {
        (_isSideBySide, _shared) = (true, null);
        return new SideBySideScope(this);
    }

    /// <summary>A place in the chain for the next dispatches, which do not wait for each other; none where no chain was begun.</summary>
    public ChainLink NextLink()
    {
        if (_chain is not { } chain || IsPlanning || _links == DispatchChain.MostLinks)
        {
            return default;
        }

        if (_shared is { } shared)
        {
            return shared;
        }

        var link = new ChainLink(chain.Address, _links++, (uint)_linkGroups);
        _linkGroups = 0;
        _shared = _isSideBySide ? link : null;
        return link;
    }

    /// <summary>A scope of <see cref="SideBySide"/>.</summary>
    /// <param name="commands">The list.</param>
    public readonly ref struct SideBySideScope(CommandList commands)
    {
        /// <summary>Ends it.</summary>
        public void Dispose() => (commands._isSideBySide, commands._shared) = (false, null);
    }
}
