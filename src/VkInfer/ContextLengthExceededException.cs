namespace VkInfer;

/// <summary>A request needs more positions than the session's KV cache has left.</summary>
public sealed class ContextLengthExceededException : VkInferException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="requested">Tokens the request would add.</param>
    /// <param name="available">Positions left in the session.</param>
    /// <param name="capacity">Positions the session has in all.</param>
    public ContextLengthExceededException(int requested, int available, int capacity)
        : base($"{requested} tokens do not fit: {available} of the session's {capacity} positions are left. "
            + "Shorten the prompt, reset the session, or load the model with a larger ContextLength.")
    {
        Requested = requested;
        Available = available;
        Capacity = capacity;
    }

    /// <summary>Tokens the request would add.</summary>
    public int Requested { get; }

    /// <summary>Positions that were left.</summary>
    public int Available { get; }

    /// <summary>Positions the session has in all.</summary>
    public int Capacity { get; }
}
