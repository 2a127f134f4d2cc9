using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Natural logarithms of the probabilities, under the softmax of each row of logits, of the token just chosen and of the likeliest ones
/// (shaders/sample/log_probabilities_slice.comp, log_probabilities.comp). Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
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

    internal const string Variant = "log_probabilities";
    internal const string SliceVariant = "log_probabilities_slice";

    private const int SliceSize = 2048;
    private const int SliceWords = 2 + (2 * MaxAlternatives);

    /// <summary>Invocations that every device has.</summary>
    private const int MergeSize = 128;

    private readonly ComputePipeline _slices;
    private readonly ComputePipeline _merge;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    /// <exception cref="NotSupportedException">The device computed wrong results.</exception>
    public LogProbabilitiesKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Forms.Require(Variant);
        _slices = context.GetPipeline(SliceVariant, SliceConstants(context));
        _merge = context.GetPipeline(Variant, MergeConstants);
    }

    internal static SpecializationConstants MergeConstants => SpecializationConstants.From((0, MergeSize));

    internal static SpecializationConstants SliceConstants(KernelContext context) =>
        SpecializationConstants.From((0, context.IsSoftware ? 64u : 128u));

    /// <summary>Bytes of the intermediate results of so many rows.</summary>
    public static long SlicesBytes(int vocabSize, int rows) => (long)rows * Slices(vocabSize) * SliceWords * sizeof(float);

    /// <summary>
    /// Records the calculation for the choices that ask for <see cref="ChoiceFeatures.LogProbabilities"/>; to be recorded after the
    /// samplers, which have moved the states on. The step's entry receives the result: likeliest first, the lowest id first among
    /// equals. NaN counts as −∞.
    /// </summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="steps">For what steps; the states say how many alternatives are wanted.</param>
    /// <param name="slices">Intermediate results, <see cref="SlicesBytes"/>.</param>
    public void Record(CommandList commands, ChoiceSteps steps, BufferView slices)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(steps);
        Views.RequireBytes(nameof(slices), slices, SlicesBytes(steps.VocabSize, steps.Rows));
        steps.Dispatch(
            commands, _slices, ChoiceFeatures.LogProbabilities, Slices(steps.VocabSize), [slices], [steps.Logits, steps.States], []);
        steps.Dispatch(
            commands, _merge, ChoiceFeatures.LogProbabilities, 1, [slices], [steps.Logits, steps.States], [steps.Entries]);
    }

    private static int Slices(int vocabSize) => (vocabSize + SliceSize - 1) / SliceSize;
}
