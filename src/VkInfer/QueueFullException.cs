namespace VkInfer;

/// <summary>
/// As many requests of a model wait as may; this one was not taken. The others are not affected: ask again later, or less at a time.
/// </summary>
/// <param name="waiting">How many wait.</param>
public sealed class QueueFullException(int waiting) : VkInferException($"{waiting} requests wait, which is the limit. Ask again later.")
{
    /// <summary>How many waited.</summary>
    public int Waiting => waiting;
}
