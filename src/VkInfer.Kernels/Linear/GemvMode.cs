namespace VkInfer.Kernels;

/// <summary>What a matrix-vector product does with its result.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum GemvMode
{
    /// <summary>y = W x.</summary>
    Store,

    /// <summary>y += W x.</summary>
    Accumulate,
}
