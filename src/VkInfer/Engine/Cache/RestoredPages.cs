using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Cache;

/// <summary>Pages of sequences that were computed elsewhere.</summary>
internal static class RestoredPages
{
    /// <summary>Gives a sequence without pages those of positions that were computed elsewhere; somebody is to fill them.</summary>
    /// <param name="pool">Has the pages.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="computed">Positions.</param>
    /// <param name="firstHeld">For each group the first page that is there.</param>
    /// <returns>False: there are none, or not as many pages; nothing has changed.</returns>
    public static bool TryRestore(this KvPool pool, Sequence sequence, int computed, ReadOnlySpan<int> firstHeld)
    {
        sequence.Tables = [.. firstHeld.ToArray().Select(_ => new BlockTable())];
        sequence.Computed = computed;
        for (int group = 0; group < firstHeld.Length; group++)
        {
            for (int i = 0; i < firstHeld[group]; i++)
            {
                sequence.Tables[group].AddNone();
            }
        }

        if (computed > 0 && pool.TryGrow(sequence, computed, []))
        {
            return true;
        }

        (sequence.Tables, sequence.Computed) = ([], 0);
        return false;
    }
}
