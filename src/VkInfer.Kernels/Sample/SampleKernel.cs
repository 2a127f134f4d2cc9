using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Draws a token by temperature, top-k (ties with the k-th stay), typical-p, top-p and min-p, in this order, with the step
/// state's options and seed (shaders/sample/sample_top.comp, sample_buckets.comp, sample.comp). The same state and logits give the same
/// token. Thread-safe.
/// </summary>
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

    /// <inheritdoc cref="ArgmaxKernel.Record"/>
    public void Record(CommandList commands, BufferView logits, int vocabSize, BufferView stepState, BufferView ring, BufferView scratch)
    {
        ArgumentNullException.ThrowIfNull(commands);
        SamplerPipeline.Record(commands, _top, vocabSize, [logits, scratch]);
        SamplerPipeline.Record(commands, _buckets, vocabSize, [logits, stepState, scratch]);
        SamplerPipeline.Record(commands, _draw, vocabSize, [logits, stepState, ring, scratch]);
    }
}
