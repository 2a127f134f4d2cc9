namespace VkInfer.Engine.Sequences;

/// <summary>Where a sequence stands in its scheduler.</summary>
internal enum SequenceState
{
    /// <summary>Nobody has scheduled it, or it ended.</summary>
    Idle,

    /// <summary>It waits for pages and a place: new, or preempted.</summary>
    Waiting,

    /// <summary>It takes part in steps.</summary>
    Running,

    /// <summary>Somebody put it aside: it takes no place, and keeps its pages as long as nobody needs them.</summary>
    Parked,
}
