using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Draws a token by temperature, top-k (ties with the k-th stay), typical-p, top-p and min-p, in this order, with the step
/// state's options and seed (shaders/sample/sample.comp). The same state and logits give the same token. Thread-safe.
/// </summary>
public sealed class SampleKernel
{
    private readonly ComputePipeline _pipeline;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public SampleKernel(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _pipeline = SamplerPipeline.Create(context, "sample");
    }

    /// <inheritdoc cref="ArgmaxKernel.Record"/>
    public void Record(CommandList commands, BufferView logits, int vocabSize, BufferView stepState, BufferView ring)
    {
        ArgumentNullException.ThrowIfNull(commands);
        SamplerPipeline.Record(commands, _pipeline, logits, vocabSize, stepState, ring);
    }
}
