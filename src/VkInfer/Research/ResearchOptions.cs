namespace VkInfer.Research;

/// <summary>
/// Which of several ways a model is computed by, for measuring and comparing them. All are exact up to rounding, and what is chosen where
/// nothing is asked for is the fastest that is known. Immutable; compared by value; thread-safe.
/// </summary>
public sealed record ResearchOptions
{
    /// <summary>How attention accumulates its softmax; null: as a calibration says, or the model that a session belongs to.</summary>
    public SoftmaxChoice? Softmax { get; init; }

    /// <summary>Which implementation linear layers use; null: as a tuning says, or the model that a session belongs to.</summary>
    public LinearChoice? Linear { get; init; }

    /// <summary>What orders the dispatches of a pass over one token; null: what is fastest. Sessions have their model's.</summary>
    public DispatchOrder? Dispatches { get; init; }

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> naming the first bad option.</summary>
    public void Validate()
    {
        if (Softmax is { } softmax && !Enum.IsDefined(softmax))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Softmax), softmax, "Softmax must be Auto, Asynchronized, Synchronized or Conditional.");
        }

        if (Linear is { } linear && !Enum.IsDefined(linear))
        {
            throw new ArgumentOutOfRangeException(nameof(Linear), linear, "Linear must be Auto, Gemv, Flat or Tiled.");
        }

        if (Dispatches is { } dispatches && !Enum.IsDefined(dispatches))
        {
            throw new ArgumentOutOfRangeException(nameof(Dispatches), dispatches, "Dispatches must be Auto, Barriers or Chained.");
        }
    }
}
