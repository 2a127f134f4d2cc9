using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Takes the most likely token, the lowest id among equals (shaders/sample/argmax.comp). Thread-safe.</summary>
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

    /// <summary>Bytes of intermediate results.</summary>
    public static long ScratchBytes(int vocabSize) => SamplerPipeline.ScratchBytes(vocabSize);

    /// <summary>
    /// Records the choice; the step state moves on to it and the ring receives it. Where there is none, the state moves on to token 0
    /// and the ring receives <see cref="StepState.LogitsNotFinite"/> or <see cref="StepState.NoTokenAllowed"/>.
    /// </summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="logits">Float32 [vocabSize]; negative infinity excludes a token.</param>
    /// <param name="vocabSize">1 to <see cref="SampleKernel.MaxVocabSize"/>.</param>
    /// <param name="stepState">A <see cref="StepState"/>.</param>
    /// <param name="ring">uint32 [<see cref="StepState.RingSize"/>].</param>
    /// <param name="scratch"><see cref="ScratchBytes"/>, zero before the first use; samplers may share it.</param>
    public void Record(CommandList commands, BufferView logits, int vocabSize, BufferView stepState, BufferView ring, BufferView scratch)
    {
        ArgumentNullException.ThrowIfNull(commands);
        SamplerPipeline.Record(commands, _pipeline, vocabSize, [logits, stepState, ring, scratch]);
    }
}
