using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Counts the tokens that were just chosen, for the penalties of the next choices (shaders/sample/token_history.comp). Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class TokenHistoryKernel
{
    internal const string Variant = "token_history";

    private readonly ComputePipeline _pipeline;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    /// <exception cref="NotSupportedException">The device computed wrong results.</exception>
    public TokenHistoryKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Forms.Require(Variant);
        _pipeline = context.GetPipeline(Variant, Constants);
    }

    internal static SpecializationConstants Constants => SpecializationConstants.From((0, 1));

    /// <summary>
    /// Records the counting for the choices that ask for <see cref="ChoiceFeatures.Counted"/>; to be recorded after the samplers, which
    /// have moved the states on.
    /// </summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="steps">For what steps.</param>
    public void Record(CommandList commands, ChoiceSteps steps)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(steps);
        steps.Dispatch(commands, _pipeline, ChoiceFeatures.Counted, 1, [], [steps.States], [steps.Counted]);
    }
}
