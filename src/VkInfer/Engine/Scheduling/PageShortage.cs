namespace VkInfer.Engine.Scheduling;

/// <summary>What happens when running sequences need more pages than there are.</summary>
internal enum PageShortage
{
    /// <summary>The youngest of the lowest priority gives its pages away and computes them again later.</summary>
    Preempt,

    /// <summary>Nobody is preempted: a sequence enters only when all that it may ever need is there.</summary>
    Refuse,
}
