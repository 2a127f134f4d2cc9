namespace VkInfer.Engine.Scheduling;

/// <summary>Why the scheduler itself ended a sequence.</summary>
internal enum EndReason
{
    /// <summary>Its deadline has passed.</summary>
    Deadline,

    /// <summary>It alone needs more pages than there are.</summary>
    OutOfPages,
}
