using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// How the pairs of a token and an expert that it goes to are multiplied: in tiles of one expert each. Which pairs there are is on the
/// device alone; a grouping serves any choice of experts. Immutable.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ExpertGrouping
{
    internal ExpertGrouping(IGroupedGemmTiling tiling, int seqLen, int experts, int used) =>
        (Tiling, SeqLen, Experts, Used) = (tiling, seqLen, experts, used);

    /// <summary>How products take their input, and what the gated one leaves.</summary>
    public ActivationType Input => Tiling.Input;

    internal IGroupedGemmTiling Tiling { get; }

    /// <summary>Tokens.</summary>
    internal int SeqLen { get; }

    /// <summary>How many experts there are.</summary>
    internal int Experts { get; }

    /// <summary>Experts that a token goes to.</summary>
    internal int Used { get; }

    internal int Pairs => SeqLen * Used;

    /// <summary>Tiles at most, whatever the choice: the last one of each expert that has pairs may lack all but one.</summary>
    internal long MostTiles => (Pairs + (Math.Min(Experts, Pairs) * (Tiling.BlockM - 1L))) / Tiling.BlockM;
}

/// <summary>Where pairs stand in the order of their experts.</summary>
/// <param name="Order">uint32 [pairs].</param>
/// <param name="Tiles">At least <see cref="TileBytes"/> bytes.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct ExpertGroups(BufferView Order, BufferView Tiles)
{
    /// <summary>Bytes of <see cref="Order"/>.</summary>
    /// <param name="pairs">Pairs of a token and an expert.</param>
    public static long OrderBytes(long pairs) => pairs * sizeof(uint);

    /// <summary>Bytes of <see cref="Tiles"/>: a head, and a tile for each pair at worst.</summary>
    /// <param name="pairs">Pairs of a token and an expert.</param>
    public static long TileBytes(long pairs) => (1 + pairs) * 4 * sizeof(uint);
}
