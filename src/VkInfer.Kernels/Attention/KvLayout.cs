using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// How keys and values lie in pages; mirrors <c>include/kv_cache.glsl</c>, and nobody else knows it. A page holds
/// <see cref="PageTokens"/> consecutive positions of one sequence: for each of its layers keys, then values,
/// [NumKvHeads][PageTokens][HeadDim] each; keys alone where they are values, too. With <see cref="KvType.Q8_0"/> the scales of a head's
/// keys, or values, stand behind them, [PageTokens][blocks of <see cref="BlockElements"/>], padded to whole words for each position.
/// A block table holds the 64-bit address of each page of a sequence.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class KvLayout
{
    /// <summary>Positions of a page.</summary>
    public const int PageTokens = 32;

    /// <summary>Bytes of an entry of a block table.</summary>
    public const int BlockBytes = sizeof(ulong);

    /// <summary>What the shaders count a layer's place in a page in.</summary>
    internal const int UnitBytes = 16;

    /// <summary>Elements of a head that share a scale; the last ones of a head may be fewer.</summary>
    internal const int BlockElements = 32;

    /// <summary>Elements that a workgroup has room for while it quantises them.</summary>
    internal const int MostStaged = 1024;

    /// <summary>Pages that hold so many positions.</summary>
    /// <param name="positions">0 or more.</param>
    public static int PageCount(int positions) => (int)(((long)positions + PageTokens - 1) / PageTokens);

    /// <summary>Bytes of a layer's keys and values in one page.</summary>
    /// <param name="shape">The layer's attention.</param>
    public static long LayerBytes(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return (shape.HasKeysAsValues ? 1 : 2) * shape.NumKvHeads * HeadBytes(shape.HeadDim, shape.KvType);
    }

    /// <summary>Bytes of the keys, or values, of one head in a page.</summary>
    /// <param name="headDim">Elements of a head.</param>
    /// <param name="type">How they are stored.</param>
    public static long HeadBytes(int headDim, KvType type) => (long)PageTokens * (RowBytes(headDim, type) + ScaleBytes(headDim, type));

    /// <summary>Bytes of the keys and values of one position.</summary>
    /// <param name="shape">The layer's attention.</param>
    internal static long PositionBytes(AttentionShape shape) => LayerBytes(shape) / PageTokens;

    /// <summary>Elements that a lane of decode attention loads at once.</summary>
    internal static int ChunkElements(KvType type) => type == KvType.F32 ? 4 : 8;

    /// <summary>Bytes of the elements of a head's key or value.</summary>
    internal static int RowBytes(int headDim, KvType type) => headDim * type switch
    {
        KvType.F16 => 2,
        KvType.F32 => 4,
        _ => 1,
    };

    /// <summary>Bytes of its scales.</summary>
    internal static int ScaleBytes(int headDim, KvType type)
    {
        const int WordElements = 2 * BlockElements;
        return type == KvType.Q8_0 ? (headDim + WordElements - 1) / WordElements * sizeof(uint) : 0;
    }

    /// <summary>The first byte of a key, from the beginning of its layer in its page.</summary>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="kvHead">Which head.</param>
    /// <param name="position">Which position of the sequence.</param>
    internal static long KeyOffset(AttentionShape shape, int kvHead, int position) =>
        (kvHead * HeadBytes(shape.HeadDim, shape.KvType)) + (position % PageTokens * (long)RowBytes(shape.HeadDim, shape.KvType));

    /// <summary>The first byte of its scales, likewise.</summary>
    internal static long KeyScalesOffset(AttentionShape shape, int kvHead, int position) =>
        (kvHead * HeadBytes(shape.HeadDim, shape.KvType)) + (PageTokens * (long)RowBytes(shape.HeadDim, shape.KvType))
        + (position % PageTokens * (long)ScaleBytes(shape.HeadDim, shape.KvType));

    /// <summary>From a key, or its scales, to its value, or that one's.</summary>
    internal static long ValueDistance(AttentionShape shape) => shape.ValueHeads * HeadBytes(shape.HeadDim, shape.KvType);
}

/// <summary>Where one layer's keys and values lie in each page of its group.</summary>
/// <param name="Group">Which of a sequence's block tables names the pages.</param>
/// <param name="Offset">The layer's first byte in a page: a multiple of 16.</param>
/// <param name="Keys">
/// Stands for all keys of the layer where work is ordered, since pages are known to the device alone: whatever reads or writes some of
/// them is said to read or write this. At least 16 bytes, which a shader may be given that writes none.
/// </param>
/// <param name="Values">Likewise for values.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct KvLayer(int Group, long Offset, BufferView Keys, BufferView Values)
{
    /// <summary>The layer's place in a page as shaders take it.</summary>
    internal uint At => checked((uint)(Offset / KvLayout.UnitBytes));

    internal ReadOnlySpan<AddressedView> Read => new AddressedView[] { new(Keys, BindingAccess.Read), new(Values, BindingAccess.Read) };

    internal ReadOnlySpan<AddressedView> Write => new AddressedView[] { new(Keys, BindingAccess.Write), new(Values, BindingAccess.Write) };

    /// <exception cref="ArgumentException">It says why the layer's place is impossible.</exception>
    internal void Check()
    {
        if (Offset < 0 || Offset % KvLayout.UnitBytes != 0 || Group < 0)
        {
            throw new ArgumentException(
                $"a layer of the cache: byte {Offset} of a page of group {Group}; expected a multiple of {KvLayout.UnitBytes} and no negative number");
        }

        Views.RequireBytes("the layer's keys", Keys, KvLayout.UnitBytes);
        Views.RequireBytes("the layer's values", Values, KvLayout.UnitBytes);
    }
}
