namespace VkInfer.Vulkan;

/// <summary>What a dispatch has to do, for a profile. Bytes are those that must be read or written once.</summary>
/// <param name="Shape">Its sizes, for a reader.</param>
/// <param name="Bytes">Bytes; null: as many as the views that it is given have.</param>
/// <param name="Operations">Additions and multiplications.</param>
/// <param name="TokenBytes">Further bytes for each token that the KV cache holds when it runs.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct DispatchWork(string Shape, long? Bytes = null, long Operations = 0, long TokenBytes = 0);

/// <summary>A dispatch of a profiled list, as it ran last. Times are microseconds since the first dispatch began.</summary>
/// <param name="Name">The shader's name.</param>
/// <param name="Work">What it had to do.</param>
/// <param name="Started">When all work before it and its barrier had completed.</param>
/// <param name="Ended">When it had completed.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record DispatchTime(string Name, DispatchWork Work, double Started, double Ended)
{
    /// <summary>How long it took, in microseconds.</summary>
    public double Microseconds => Ended - Started;
}
