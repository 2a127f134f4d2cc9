namespace VkInfer.Kernels;

/// <summary>Which elements of a head RoPE rotates together.</summary>
public enum RopePairing
{
    /// <summary>Elements 2i and 2i + 1.</summary>
    Interleaved,

    /// <summary>Elements i and i + RotaryDim / 2.</summary>
    SplitHalf,
}

/// <summary>How keys and values are stored in the cache.</summary>
public enum KvType
{
    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>
    /// Signed bytes with a scale in half precision for each 32 elements of a head, of which the last may be fewer: 8.5 bits an element
    /// where heads are a multiple of 64.
    /// </summary>
    Q8_0,
}

/// <summary>
/// Queries grow with their position: a factor 1 + β ln(1 + ⌊position / length⌋) behind their rotation (Llama 4, Ministral 3).
/// </summary>
/// <param name="Beta">β; 0: none.</param>
/// <param name="Length">Positions that have the same factor, at least 1.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct QueryTemperature(float Beta, int Length)
{
    /// <summary>No factor.</summary>
    public static readonly QueryTemperature None = new(0, 1);
}

/// <summary>The shape of one layer's attention and of the rows of its cache, which lie in pages: <see cref="KvLayout"/>.</summary>
/// <param name="NumHeads">Query heads; a multiple of <paramref name="NumKvHeads"/>.</param>
/// <param name="NumKvHeads">Key and value heads.</param>
/// <param name="HeadDim">Elements of a head; a multiple of 8, at most <see cref="MaxHeadDim"/>.</param>
/// <param name="RotaryDim">Leading elements of a head that RoPE rotates; even, at most <paramref name="HeadDim"/>.</param>
/// <param name="Pairing">Which elements rotate together.</param>
/// <param name="Capacity">Positions that a sequence may have.</param>
/// <param name="KvType">How the cache stores its elements.</param>
/// <param name="Scale">Factor of the scores, usually 1 / sqrt(HeadDim).</param>
/// <param name="Window">
/// Tokens that a query attends to, itself included (sliding window), on each side that it sees; 0: all of them.
/// </param>
/// <param name="LogitSoftCap">Bounds each score s by cap · tanh(s / cap) (Gemma 2); 0: no bound.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record AttentionShape(
    int NumHeads, int NumKvHeads, int HeadDim, int RotaryDim, RopePairing Pairing, int Capacity, KvType KvType, float Scale,
    int Window = 0, float LogitSoftCap = 0)
{
    /// <summary>How queries grow with their position.</summary>
    public QueryTemperature Temperature { get; init; } = QueryTemperature.None;

    /// <summary>The largest head dimension that the kernels take.</summary>
    public const int MaxHeadDim = 576;

    /// <summary>Whether each head's query has gates of the head's output behind it in the rows that the projection leaves.</summary>
    public bool HasGates { get; init; }

    /// <summary>Whether a head's value is its key, stored once.</summary>
    public bool HasKeysAsValues { get; init; }

    /// <summary>Whether a query attends to keys behind it, too: all of its sequence is stored before. Not in decode attention.</summary>
    public bool SeesLater { get; init; }

    /// <summary>Whether keys and values are those of another layer, in rows of queries alone.</summary>
    public bool ReadsOthers { get; init; }

    /// <summary>Key heads that a row brings along.</summary>
    internal int OwnKvHeads => ReadsOthers ? 0 : NumKvHeads;

    /// <summary>Heads whose keys lie between a key and its value.</summary>
    internal int ValueHeads => HasKeysAsValues ? 0 : NumKvHeads;

    /// <summary>Query heads that share one key and value head.</summary>
    public int GroupSize => NumHeads / NumKvHeads;

    /// <summary>Elements of all query heads.</summary>
    public int QueryWidth => NumHeads * HeadDim;

    /// <summary>Elements of all key heads, and of all value heads.</summary>
    public int KvWidth => NumKvHeads * HeadDim;

    /// <summary>Rows of the concatenated query, gate, key and value weights.</summary>
    public int QkvWidth => ((HasGates ? 2 : 1) * QueryWidth) + (2 * OwnKvHeads * HeadDim);

    /// <summary>Checks that the fields fit together and what the kernels can do.</summary>
    /// <exception cref="ArgumentException">Names the field, its value and what is allowed.</exception>
    public void Validate()
    {
        Require(NumKvHeads >= 1, nameof(NumKvHeads), NumKvHeads, "at least 1");
        Require(
            NumHeads >= NumKvHeads && NumHeads % NumKvHeads == 0, nameof(NumHeads), NumHeads, $"a multiple of NumKvHeads ({NumKvHeads})");
        Require(
            HeadDim >= 8 && HeadDim <= MaxHeadDim && HeadDim % 8 == 0, nameof(HeadDim), HeadDim, $"a multiple of 8, at most {MaxHeadDim}");
        Require(
            RotaryDim >= 0 && RotaryDim <= HeadDim && RotaryDim % 2 == 0, nameof(RotaryDim), RotaryDim,
            $"even, at most HeadDim ({HeadDim})");
        Require(Capacity >= 1, nameof(Capacity), Capacity, "at least 1");
        Require(float.IsFinite(Scale), nameof(Scale), Scale, "finite");
        Require(Window >= 0, nameof(Window), Window, "0 or more tokens");
        Require(
            float.IsFinite(Temperature.Beta) && Temperature.Length >= 1, nameof(Temperature), Temperature,
            "a finite factor, and 1 or more positions");
        Require(float.IsFinite(LogitSoftCap) && LogitSoftCap >= 0, nameof(LogitSoftCap), LogitSoftCap, "finite, 0 or more");
    }

    private static void Require<T>(bool condition, string field, T value, string allowed)
    {
        if (!condition)
        {
            throw new ArgumentException($"attention shape: {field} is {value}; expected {allowed}");
        }
    }
}
