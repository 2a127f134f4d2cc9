namespace VkInfer.Research;

/// <summary>What orders the dispatches of a pass over one token.</summary>
public enum DispatchOrder
{
    /// <summary>Chained on devices where that was measured to be faster, else barriers.</summary>
    Auto,

    /// <summary>A barrier stands between dispatches of which one needs what the other writes.</summary>
    Barriers,

    /// <summary>
    /// They wait for each other by counters, where the device passes a test of it: the next one's weights are loaded while one ends. A wait
    /// that takes too long ends this for the model, and its step is computed again.
    /// </summary>
    Chained,
}
