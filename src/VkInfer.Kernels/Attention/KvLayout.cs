using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// How keys and values lie in pages; mirrors <c>include/kv_cache.glsl</c>, and nobody else knows it. A page holds
/// <see cref="PageTokens"/> consecutive positions of one sequence: for each of its layers keys, then values,
/// [NumKvHeads][PageTokens][HeadDim] each; keys alone where they are values, too. A block table holds the
/// 64-bit address of each page of a sequence.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class KvLayout
{
    /// <summary>Positions of a page.</summary>
    public const int PageTokens = 32;

    /// <summary>Bytes of an entry of a block table.</summary>
    public const int BlockBytes = sizeof(ulong);

    /// <summary>What the shaders count a layer's place in a page in.</summary>
    internal const int ChunkBytes = 16;

    /// <summary>Pages that hold so many positions.</summary>
    /// <param name="positions">0 or more.</param>
    public static int PageCount(int positions) => (int)(((long)positions + PageTokens - 1) / PageTokens);

    /// <summary>Bytes of a layer's keys and values in one page.</summary>
    /// <param name="shape">The layer's attention.</param>
    public static long LayerBytes(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return PageBytes((shape.HasKeysAsValues ? 1 : 2) * shape.KvWidth, shape.KvType);
    }

    /// <summary>Bytes of a page of positions of which so many elements are kept.</summary>
    /// <param name="elements">Elements of a position.</param>
    /// <param name="type">How they are stored.</param>
    public static long PageBytes(int elements, KvType type) => (long)elements * PageTokens * (type == KvType.F16 ? 2 : 4);

    /// <summary>The first byte of a key, from the beginning of its layer in its page.</summary>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="kvHead">Which head.</param>
    /// <param name="position">Which position of the sequence.</param>
    internal static long KeyOffset(AttentionShape shape, int kvHead, int position) =>
        (((long)kvHead * PageTokens) + (position % PageTokens)) * shape.HeadDim * shape.KvElementSize;

    /// <summary>The first byte of a value, likewise.</summary>
    internal static long ValueOffset(AttentionShape shape, int kvHead, int position) =>
        KeyOffset(shape, kvHead, position) + PageBytes(shape.ValueHeads * shape.HeadDim, shape.KvType);
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
    internal uint At => checked((uint)(Offset / KvLayout.ChunkBytes));

    internal ReadOnlySpan<AddressedView> Read => new AddressedView[] { new(Keys, BindingAccess.Read), new(Values, BindingAccess.Read) };

    internal ReadOnlySpan<AddressedView> Write => new AddressedView[] { new(Keys, BindingAccess.Write), new(Values, BindingAccess.Write) };

    /// <exception cref="ArgumentException">It says why the layer's place is impossible.</exception>
    internal void Check()
    {
        if (Offset < 0 || Offset % KvLayout.ChunkBytes != 0 || Group < 0)
        {
            throw new ArgumentException(
                $"a layer of the cache: byte {Offset} of a page of group {Group}; expected a multiple of {KvLayout.ChunkBytes} and no negative number");
        }

        Views.RequireBytes("the layer's keys", Keys, KvLayout.ChunkBytes);
        Views.RequireBytes("the layer's values", Values, KvLayout.ChunkBytes);
    }
}
