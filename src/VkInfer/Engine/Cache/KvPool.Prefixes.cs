using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <content>Prefixes that sequences share.</content>
internal sealed partial class KvPool
{
    /// <summary>
    /// Finds the longest known prefix of a sequence without pages and lets it hold that. Its last token is always left to compute.
    /// </summary>
    /// <returns>False: another sequence is about to compute what this one needs next, so waiting pays.</returns>
    public bool TryMatch(Sequence sequence)
    {
        (sequence.Tables, sequence.Computed) = ([.. _groups.Select(_ => new BlockTable())], 0);
        if (_prefixes is null)
        {
            return true;
        }

        if (!_prefixes.TryFind(sequence))
        {
            sequence.Tables = [];
            return false;
        }

        int known = sequence.Chain.Count;
        for (int group = 0; group < _groups.Length; group++)
        {
            int first = _groups[group].FirstVisible(known * PageTokens) / PageTokens;
            for (int i = 0; i < known; i++)
            {
                Share(i < first ? BlockTable.None : sequence.Chain[i].Pages[group], sequence.Tables[group]);
            }
        }

        sequence.Computed = known * PageTokens;
        return true;
    }

    /// <summary>Says that a sequence is about to compute the rest of its known full pages, so that others wait for it.</summary>
    public void Announce(Sequence sequence) => _prefixes?.Announce(sequence);

    /// <summary>Tells the prefix index of full pages that are computed, and whose tokens are known.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="computed">Positions computed by steps that have ended.</param>
    public void Publish(Sequence sequence, int computed)
    {
        _prefixes?.Publish(sequence, computed);
        States?.Publish(sequence);
    }

    /// <summary>The pages of a sequence from a position on are no prefix of anybody's: what they hold is not to be trusted.</summary>
    public void Forget(Sequence sequence, int position)
    {
        foreach (BlockTable table in sequence.Tables)
        {
            for (int i = Math.Max(position / PageTokens, table.FirstHeld); i < table.Pages.Count; i++)
            {
                _pages.Forget(table.Pages[i]);
            }
        }
    }

    /// <summary>Ends what <see cref="Announce"/> said, as far as it has not come true.</summary>
    public void Withdraw(Sequence sequence) => _prefixes?.Withdraw(sequence);
}
