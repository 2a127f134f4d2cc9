using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Natural logarithms of the probabilities, under the softmax of the logits, of the token just chosen and of the likeliest ones
/// (shaders/sample/log_probabilities_slice.comp, log_probabilities.comp). Thread-safe.
/// </summary>
public sealed class LogProbabilitiesKernel
{
    /// <summary>Most tokens whose log-probabilities are given beside the chosen one's.</summary>
    public const int MaxAlternatives = 20;

    /// <summary>In an entry, stands for a token that there is not, for all others are NaN or −∞.</summary>
    public const uint NoToken = uint.MaxValue;

    /// <summary>
    /// 32-bit words of an entry: the chosen token's log-probability, <see cref="MaxAlternatives"/> ids, as many log-probabilities.
    /// </summary>
    public const int EntryWords = 1 + (2 * MaxAlternatives);

    private const int SliceSize = 2048;
    private const int SliceWords = 2 + (2 * MaxAlternatives);

    /// <summary>Invocations that every device has.</summary>
    private const int MergeSize = 128;

    private readonly ComputePipeline _slices;
    private readonly ComputePipeline _merge;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public LogProbabilitiesKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _slices = context.GetPipeline("log_probabilities_slice", SliceConstants(context));
        _merge = context.GetPipeline("log_probabilities", MergeConstants);
    }

    internal static SpecializationConstants MergeConstants => SpecializationConstants.From((0, MergeSize));

    internal static SpecializationConstants SliceConstants(KernelContext context) =>
        SpecializationConstants.From((0, context.IsSoftware ? 64u : 128u));

    /// <summary>Bytes of the intermediate results.</summary>
    public static long SlicesBytes(int vocabSize) => Slices(vocabSize) * SliceWords * sizeof(float);

    /// <summary>Records the calculation; to be recorded after a sampler.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="logits">Float32 [vocabSize]; NaN counts as −∞.</param>
    /// <param name="vocabSize">1 to <see cref="SampleKernel.MaxVocabSize"/>.</param>
    /// <param name="stepState">A <see cref="StepState"/> that the sampler has moved on; says how many alternatives are wanted.</param>
    /// <param name="slices">Intermediate results, <see cref="SlicesBytes"/>.</param>
    /// <param name="entries">
    /// [<see cref="StepState.RingSize"/>, <see cref="EntryWords"/>]; the entry of the step receives the result, likeliest first, the
    /// lowest id first among equals.
    /// </param>
    public void Record(
        CommandList commands, BufferView logits, int vocabSize, BufferView stepState, BufferView slices, BufferView entries)
    {
        ArgumentNullException.ThrowIfNull(commands);
        SamplerPipeline.CheckVocabSize(vocabSize);
        var push = new SamplePush((uint)vocabSize);
        commands.Dispatch(_slices, ((uint)Slices(vocabSize), 1, 1), push, [logits, stepState, slices]);
        commands.Dispatch(_merge, (1, 1, 1), push, [logits, stepState, slices, entries]);
    }

    private static long Slices(int vocabSize) => (vocabSize + SliceSize - 1) / SliceSize;
}
