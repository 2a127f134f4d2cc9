using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>The chain of dispatches that chooses tokens: those that the features of a step ask for, in their order.</summary>
/// <param name="kernels">Choose.</param>
internal sealed class ChoiceCommands(KernelSet kernels)
{
    /// <summary>Records the chain.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="steps">For what steps.</param>
    /// <param name="features">What somebody in them asks for.</param>
    /// <param name="slices"><see cref="LogProbabilitiesKernel.SlicesBytes"/>, where log-probabilities are asked for.</param>
    public void Record(CommandList commands, ChoiceSteps steps, ChoiceFeatures features, BufferView? slices)
    {
        if (features.HasFlag(ChoiceFeatures.Adjusted))
        {
            kernels.AdjustLogits.Record(commands, steps);
        }

        if (features.HasFlag(ChoiceFeatures.Greedy))
        {
            kernels.Argmax.Record(commands, steps);
        }

        if (features.HasFlag(ChoiceFeatures.Drawn))
        {
            kernels.Sample.Record(commands, steps);
        }

        if (features.HasFlag(ChoiceFeatures.Counted))
        {
            kernels.TokenHistory.Record(commands, steps);
        }

        if (features.HasFlag(ChoiceFeatures.LogProbabilities))
        {
            kernels.LogProbabilities.Record(commands, steps, slices!.Value);
        }
    }
}
