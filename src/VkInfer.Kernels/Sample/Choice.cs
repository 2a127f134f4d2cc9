using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What the choice of a token asks for: which dispatches of a step take part in it.</summary>
[Flags]
[EditorBrowsable(EditorBrowsableState.Never)]
public enum ChoiceFeatures
{
    /// <summary>The logits are changed before: <see cref="LogitAdjustments"/> of the state says how.</summary>
    Adjusted = 1,

    /// <summary>The likeliest token is taken.</summary>
    Greedy = 2,

    /// <summary>The token is drawn.</summary>
    Drawn = 4,

    /// <summary>The chosen token is counted, for penalties.</summary>
    Counted = 8,

    /// <summary>Log-probabilities are wanted.</summary>
    LogProbabilities = 16,
}

/// <summary>
/// A row of logits and what its sequence keeps, all of it reached by address: offsets are multiples of 16 bytes. Views that the features
/// do not ask for may be default.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct Choice
{
    /// <summary>Float32 [vocabSize]; stays as it is.</summary>
    public BufferView Logits { get; init; }

    /// <summary>A <see cref="Kernels.StepState"/>.</summary>
    public BufferView StepState { get; init; }

    /// <summary>uint32 [<see cref="StepState.RingSize"/>]: receives the token.</summary>
    public BufferView Ring { get; init; }

    /// <summary>
    /// uint32 [vocabSize]: how often each token was seen, inside the window of penalties. For <see cref="LogitAdjustments.Penalties"/>.
    /// </summary>
    public BufferView Counts { get; init; }

    /// <summary>
    /// uint32 [<see cref="StepState.PenaltyWindow"/>]: the tokens inside the window, each at its position modulo the window; where there
    /// is one.
    /// </summary>
    public BufferView History { get; init; }

    /// <summary>Float32 [vocabSize]. For <see cref="LogitAdjustments.Bias"/>.</summary>
    public BufferView Biases { get; init; }

    /// <summary>
    /// <see cref="AdjustLogitsKernel.MaskBytes"/>: a bit per token, and a token whose bit is 0 is out. For
    /// <see cref="LogitAdjustments.Mask"/>.
    /// </summary>
    public BufferView Mask { get; init; }

    /// <summary>Float32 [vocabSize]: receives the adjusted logits. For <see cref="ChoiceFeatures.Adjusted"/>.</summary>
    public BufferView Adjusted { get; init; }

    /// <summary>
    /// [<see cref="StepState.RingSize"/>, <see cref="LogProbabilitiesKernel.EntryWords"/>]. For
    /// <see cref="ChoiceFeatures.LogProbabilities"/>.
    /// </summary>
    public BufferView Entries { get; init; }
}
