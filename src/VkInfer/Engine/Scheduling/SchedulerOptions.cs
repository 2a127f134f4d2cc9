namespace VkInfer.Engine.Scheduling;

/// <summary>What bounds a scheduler. Immutable.</summary>
internal sealed record SchedulerOptions
{
    /// <summary>Sequences in a step, at most.</summary>
    public int MaxRunning { get; init; } = 256;

    /// <summary>Sequences that wait, at most.</summary>
    public int MaxWaiting { get; init; } = 4096;

    /// <summary>Rows of a step, at most.</summary>
    public int MaxRows { get; init; } = 2048;

    /// <summary>Whether a text goes in one step whole, since its tokens see each other; it has at most <see cref="MaxRows"/>.</summary>
    public bool TakesWholeTexts { get; init; }

    /// <summary>What happens when pages run out.</summary>
    public PageShortage Shortage { get; init; }

    /// <summary>How many rows of prompts share a step with decoding.</summary>
    public IPromptPolicy Policy { get; init; } = new ThroughputFirst();
}
