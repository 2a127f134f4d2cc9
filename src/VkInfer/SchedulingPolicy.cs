namespace VkInfer;

/// <summary>How much of a step prompts may take while answers are under way.</summary>
public enum SchedulingPolicy
{
    /// <summary>
    /// As much as keeps a step within twice its time without prompts, or within 20 ms, whichever is more: answers flow evenly.
    /// </summary>
    LatencyFirst,

    /// <summary>
    /// All that there is room for (<see cref="ModelOptions.PrefillChunk"/>): most tokens in all, since large steps use a device best, and
    /// pauses in the answers while prompts are computed.
    /// </summary>
    ThroughputFirst,
}
