using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Draws a token of each row by temperature, top-k (ties with the k-th stay), typical-p, top-p and min-p, in this order, with the step
/// state's options and seed (shaders/sample/sample_top.comp, sample_buckets.comp, sample.comp). The same state and logits give the same
/// token. Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class SampleKernel
{
    /// <summary>The largest vocabulary that the kernels which choose tokens take.</summary>
    public const int MaxVocabSize = SamplerPipeline.MaxVocabSize;

    private readonly ComputePipeline _top;
    private readonly ComputePipeline _buckets;
    private readonly ComputePipeline _draw;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public SampleKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _top = SamplerPipeline.Create(context, "sample_top");
        _buckets = SamplerPipeline.Create(context, "sample_buckets");
        _draw = context.GetPipeline("sample", SamplerPipeline.DrawConstants(context));
    }

    /// <summary>
    /// Records the choices that ask for <see cref="ChoiceFeatures.Drawn"/>; states and rings receive what
    /// <see cref="ArgmaxKernel.Record"/> says.
    /// </summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="steps">For what steps.</param>
    public void Record(CommandList commands, ChoiceSteps steps)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(steps);
        int slices = SamplerPipeline.Slices(steps.VocabSize);
        steps.Dispatch(commands, _top, ChoiceFeatures.Drawn, slices, [steps.Scratch], [steps.Logits, steps.Adjusted], []);
        steps.Dispatch(commands, _buckets, ChoiceFeatures.Drawn, slices, [steps.Scratch], [steps.Logits, steps.Adjusted, steps.States], []);

        BufferView candidates = SamplerScratch.Candidates(steps.Scratch, steps.VocabSize, steps.Table.Capacity);
        int atOnce = SamplerScratch.DrawsAtOnce(steps.VocabSize, steps.Table.Capacity);
        for (int row = 0; row < steps.Rows; row += atOnce)
        {
            steps.Dispatch(
                commands, _draw, ChoiceFeatures.Drawn, slices, [steps.Scratch, candidates], [steps.Logits, steps.Adjusted],
                [steps.States, steps.Rings], row, Math.Min(atOnce, steps.Rows - row));
        }
    }
}
