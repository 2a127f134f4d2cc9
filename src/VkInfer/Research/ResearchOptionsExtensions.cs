namespace VkInfer.Research;

/// <summary>How <see cref="ResearchOptions"/> reach models and sessions.</summary>
public static class ResearchOptionsExtensions
{
    /// <summary>The same, computed in certain ways.</summary>
    /// <param name="options">How a model is loaded.</param>
    /// <param name="research">The ways.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is none.</exception>
    public static ModelOptions WithResearch(this ModelOptions options, ResearchOptions research)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(research);
        research.Validate();
        return options with
        {
            Softmax = research.Softmax ?? SoftmaxChoice.Auto,
            Linear = research.Linear ?? LinearChoice.Auto,
            Dispatches = research.Dispatches ?? DispatchOrder.Auto,
        };
    }

    /// <summary>The same, computed in certain ways.</summary>
    /// <param name="options">How a session is created.</param>
    /// <param name="research">The ways; null where it is the model's.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is none.</exception>
    public static SessionOptions WithResearch(this SessionOptions options, ResearchOptions research)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(research);
        research.Validate();
        return options with { Softmax = research.Softmax, Linear = research.Linear };
    }
}
