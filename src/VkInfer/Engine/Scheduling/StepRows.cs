using VkInfer.Engine.Sequences;

namespace VkInfer.Engine.Scheduling;

/// <summary>Consecutive tokens of one sequence in a step.</summary>
/// <param name="Sequence">The sequence.</param>
/// <param name="First">Position of the first.</param>
/// <param name="Count">How many: 1 while decoding, more in a prompt or with drafts.</param>
/// <param name="Drafts">How many of them, at the end, are guesses.</param>
/// <param name="WantsLogits">Whether the last token that is no guess, and the guesses, choose tokens.</param>
/// <param name="Epoch">The sequence's <see cref="Sequence.Epoch"/> when this was planned.</param>
internal readonly record struct StepRows(Sequence Sequence, int First, int Count, int Drafts, bool WantsLogits, int Epoch)
{
    /// <summary>Whether the sequence still is what it was when this was planned.</summary>
    public bool IsCurrent => Sequence.Epoch == Epoch;
}
