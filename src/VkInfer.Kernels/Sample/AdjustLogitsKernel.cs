using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Applies penalties, biases and a mask to logits, as the step state says (shaders/sample/adjust_logits.comp). Penalties are those of
/// Keskar et al., "CTRL" (2019) for repetition, and of the OpenAI API for frequency and presence. Thread-safe.
/// </summary>
public sealed class AdjustLogitsKernel
{
    private const int GroupSize = 128;

    private readonly ComputePipeline _pipeline;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public AdjustLogitsKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _pipeline = context.GetPipeline("adjust_logits", Constants);
    }

    internal static SpecializationConstants Constants => SpecializationConstants.From((0, GroupSize));

    /// <summary>Bytes of a mask: one bit per token, the lowest of each 32-bit word first.</summary>
    public static long MaskBytes(int vocabSize) => (vocabSize + 31L) / 32 * sizeof(uint);

    /// <summary>Records the adjustment of one row.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="logits">Float32 [vocabSize].</param>
    /// <param name="vocabSize">1 to <see cref="SampleKernel.MaxVocabSize"/>.</param>
    /// <param name="stepState">A <see cref="StepState"/>.</param>
    /// <param name="counts">uint32 [vocabSize]: how often each token was seen.</param>
    /// <param name="biases">Float32 [vocabSize].</param>
    /// <param name="mask">
    /// A bit per token, <see cref="MaskBytes"/>; a token whose bit is 0 gets −∞, and any other a finite logit or more.
    /// </param>
    /// <param name="adjusted">
    /// Receives float32 [vocabSize]; positive infinity where a logit is NaN or that, whatever the bias and the mask say.
    /// </param>
    public void Record(
        CommandList commands, BufferView logits, int vocabSize, BufferView stepState, BufferView counts, BufferView biases, BufferView mask,
        BufferView adjusted)
    {
        ArgumentNullException.ThrowIfNull(commands);
        SamplerPipeline.CheckVocabSize(vocabSize);
        uint groups = (uint)((vocabSize + GroupSize - 1) / GroupSize);
        commands.Dispatch(_pipeline, (groups, 1, 1), new SamplePush((uint)vocabSize), [logits, stepState, counts, biases, mask, adjusted]);
    }
}
