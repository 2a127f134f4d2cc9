using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Takes the most likely token of each row, the lowest id among equals (shaders/sample/argmax.comp). Thread-safe.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ArgmaxKernel
{
    private readonly ComputePipeline _pipeline;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public ArgmaxKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _pipeline = SamplerPipeline.Create(context, "argmax");
    }

    /// <summary>
    /// Records the choices that ask for <see cref="ChoiceFeatures.Greedy"/>: each state moves on to its token and its ring receives it.
    /// Where there is none, the state moves on to token 0 and the ring receives <see cref="StepState.LogitsNotFinite"/> or
    /// <see cref="StepState.NoTokenAllowed"/>. Negative infinity excludes a token.
    /// </summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="steps">For what steps.</param>
    public void Record(CommandList commands, ChoiceSteps steps)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(steps);
        steps.Dispatch(
            commands, _pipeline, ChoiceFeatures.Greedy, SamplerPipeline.Slices(steps.VocabSize), [steps.Scratch],
            [steps.Logits, steps.Adjusted], [steps.States, steps.Rings]);
    }
}
