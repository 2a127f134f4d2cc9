using VkInfer.Kernels;

namespace VkInfer;

/// <summary>The shape of a transformer, as its checkpoint states it. Immutable.</summary>
public sealed record ModelConfig
{
    /// <summary>The checkpoint's architecture name, e.g. <c>llama</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Number of tokens in the vocabulary.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream, in elements.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward layer, in elements.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of transformer layers.</summary>
    public required int NumLayers { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Number of key/value heads; divides <see cref="NumHeads"/>.</summary>
    public required int NumKvHeads { get; init; }

    /// <summary>Elements per head. A field of its own: not always <see cref="HiddenSize"/> / <see cref="NumHeads"/>.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Leading elements of each head that are rotated; even, at most <see cref="HeadDim"/>.</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Which elements of a head form a rotated pair.</summary>
    public required RopePairing RopePairing { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required float RopeTheta { get; init; }

    /// <summary>Factor by which positions are compressed (linear scaling); 1 when there is none.</summary>
    public float RopeLinearFactor { get; init; } = 1f;

    /// <summary>Epsilon of RMSNorm.</summary>
    public required float RmsNormEps { get; init; }

    /// <summary>Longest sequence the model was trained for, in tokens.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>Elements of all query heads together.</summary>
    public int QuerySize => NumHeads * HeadDim;

    /// <summary>Elements of all key (or value) heads together.</summary>
    public int KvSize => NumKvHeads * HeadDim;

    /// <summary>Rows of the concatenated query, key and value weights.</summary>
    public int QkvSize => QuerySize + (2 * KvSize);
}
