using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Applies penalties, biases and masks to logits, as each step state says (shaders/sample/adjust_logits.comp). Penalties are those of
/// Keskar et al., "CTRL" (2019) for repetition, and of the OpenAI API for frequency and presence. Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class AdjustLogitsKernel
{
    private const int GroupSize = 128;

    internal const string Variant = "adjust_logits";

    private readonly ComputePipeline _pipeline;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    /// <exception cref="NotSupportedException">The device computed wrong results.</exception>
    public AdjustLogitsKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Forms.Require(Variant);
        _pipeline = context.GetPipeline(Variant, Constants);
    }

    internal static SpecializationConstants Constants => SpecializationConstants.From((0, GroupSize));

    /// <summary>Bytes of a mask: one bit per token, the lowest of each 32-bit word first.</summary>
    public static long MaskBytes(int vocabSize) => (vocabSize + 31L) / 32 * sizeof(uint);

    /// <summary>
    /// Records the adjustment of the choices that ask for <see cref="ChoiceFeatures.Adjusted"/>. A token that a mask allows gets a
    /// finite logit or more; one that is out −∞; positive infinity stands where a logit is NaN or that, whatever the bias and the mask say.
    /// </summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="steps">For what steps.</param>
    public void Record(CommandList commands, ChoiceSteps steps)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(steps);
        steps.Dispatch(
            commands, _pipeline, ChoiceFeatures.Adjusted, (steps.VocabSize + GroupSize - 1) / GroupSize, [],
            [steps.Logits, steps.States, steps.Counted, steps.Constraints], [steps.Adjusted]);
    }
}
