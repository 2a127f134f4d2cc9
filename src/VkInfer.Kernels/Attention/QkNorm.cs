using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What an RMSNorm of queries and keys takes together. The values are those of <c>include/rotation.glsl</c>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum QkNormKind
{
    /// <summary>Each head, before its rotation (Henry et al. 2020).</summary>
    EachHead = 1,

    /// <summary>All query heads, and all key heads, before their rotation (OLMo 2).</summary>
    Projection = 2,

    /// <summary>Each head, behind its rotation.</summary>
    EachHeadRotated = 3,

    /// <summary>As <see cref="EachHead"/>, and each value head without a gain (Gemma 4).</summary>
    EachHeadAndValue = 4,
}

/// <summary>RMSNorm of queries and keys.</summary>
/// <param name="Gains">
/// float32, the gains of queries, then of keys where a row has some: [2, HeadDim], those of one head; of whole projections
/// [QueryWidth + KvWidth].
/// </param>
/// <param name="Eps">Added to the mean of squares.</param>
/// <param name="Kind">What is taken together.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct QkNorm(BufferView Gains, float Eps, QkNormKind Kind = QkNormKind.EachHead)
{
    /// <summary>Elements of <see cref="Gains"/>.</summary>
    /// <param name="shape">The layer's attention.</param>
    public int GainsWidth(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return Kind == QkNormKind.Projection
            ? shape.QueryWidth + (shape.OwnKvHeads * shape.HeadDim)
            : (shape.ReadsOthers ? 1 : 2) * shape.HeadDim;
    }
}
