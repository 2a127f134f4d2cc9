namespace VkInfer.Vulkan;

/// <content>Dispatches that wait for each other by counters.</content>
public sealed unsafe partial class CommandList
{
    private DispatchChain? _chain;
    private uint _links;
    private ulong _linkGroups; // of the last link; 0: something else was recorded since

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
        (_chain, _links, _linkGroups) = (chain, 0, 0);
    }

    /// <summary>A place in the chain for the next dispatches, which do not wait for each other; none where no chain was begun.</summary>
    public ChainLink NextLink()
    {
        if (_chain is not { } chain || IsPlanning || _links == DispatchChain.MostLinks)
        {
            return default;
        }

        var link = new ChainLink(chain.Address, _links++, (uint)_linkGroups);
        _linkGroups = 0;
        return link;
    }
}
