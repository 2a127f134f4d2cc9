using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Counts a token that was just chosen, for the penalties of the next choice (shaders/sample/token_history.comp). Thread-safe.
/// </summary>
public sealed class TokenHistoryKernel
{
    private readonly ComputePipeline _pipeline;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public TokenHistoryKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _pipeline = context.GetPipeline("token_history", Constants);
    }

    internal static SpecializationConstants Constants => SpecializationConstants.From((0, 1));

    /// <summary>Records the counting; to be recorded after a sampler.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="stepState">A <see cref="StepState"/> that the sampler has moved on.</param>
    /// <param name="history">uint32 [capacity]: the token of each position inside the window; receives the chosen one.</param>
    /// <param name="counts">uint32 [vocabSize]: how often each token stands inside the window.</param>
    public void Record(CommandList commands, BufferView stepState, BufferView history, BufferView counts)
    {
        ArgumentNullException.ThrowIfNull(commands);
        commands.Dispatch(_pipeline, 1, 1, 1, [], [stepState, history, counts]);
    }
}
