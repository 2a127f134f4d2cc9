using VkInfer.Engine.Scheduling;
using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Execution;

/// <summary>
/// The device as the engine sees it: runs steps in the order in which they were submitted. Used by the engine's loop alone; disposed by
/// the engine, when no step is under way.
/// </summary>
internal interface IExecutor : IDisposable
{
    /// <summary>Submits a step. Its sequences' tokens, tables, drafts, selections and masks are read before this returns.</summary>
    /// <exception cref="Exception">Nothing was submitted.</exception>
    void Submit(StepPlan plan);

    /// <summary>Waits for the earliest step under way.</summary>
    /// <param name="outcome">Receives what its rows chose, in the order of the plan.</param>
    /// <exception cref="Exception">No step under way will end well: the device is lost.</exception>
    void Complete(StepOutcome outcome);

    /// <summary>
    /// A sequence will not choose by its present selection any more. Steps under way may still do so, and their results are not used.
    /// </summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="keeps">Whether it may come back, with its pages; else all that is kept of it goes.</param>
    void Release(Sequence sequence, bool keeps);

    /// <summary>
    /// Finds where the first value came from that is no number, for a sequence whose last known token led to such logits.
    /// </summary>
    /// <returns>The part of the model; null: it cannot be told.</returns>
    string? FindNotFinite(Sequence sequence);
}
