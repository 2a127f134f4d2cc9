using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SamplePush(uint VocabSize);

/// <summary>What the samplers share: a workgroup per slice of one row of logits.</summary>
internal static class SamplerPipeline
{
    /// <summary>
    /// Tokens a sampler's integer sums are safe for: 32-bit sums of halves of up to 2^13, see <c>shaders/sample/distribution.glsl</c>.
    /// </summary>
    public const int MaxVocabSize = (1 << 19) - 1;

    private const int SliceSize = 2048;
    private const int MaxSlices = (MaxVocabSize + SliceSize - 1) / SliceSize;
    private const int Buckets = 256;
    private const int HeaderWords = 8;

    /// <summary>Bytes of what workgroups tell each other; laid out as in <c>shaders/sample/scratch.glsl</c>.</summary>
    public static long ScratchBytes(int vocabSize) =>
        (HeaderWords + (3 * Buckets) + (4 * MaxSlices) + (2L * vocabSize)) * sizeof(uint);

    public static ComputePipeline Create(KernelContext context, string variant) => context.GetPipeline(variant, Constants(context));

    public static SpecializationConstants Constants(KernelContext context) => context.IsSoftware
        ? SpecializationConstants.From((0, 64)) // No more than a processor can use.
        : DrawConstants(context);

    /// <summary>
    /// Of the phase that goes over all candidates many times. Mesa's llvmpipe ends all loops of an invocation after 65 535 rounds in all
    /// (LP_MAX_TGSI_LOOP_ITERATIONS), so that half a million candidates need many invocations there, too.
    /// </summary>
    public static SpecializationConstants DrawConstants(KernelContext context)
    {
        // Powers of two, for sums by halves. 128 invocations are what every device has.
        uint size = context.Capabilities.MaxWorkgroupInvocations >= 256 ? 256u : 128u;
        return SpecializationConstants.From((0, size));
    }

    public static void Record(CommandList commands, ComputePipeline pipeline, int vocabSize, ReadOnlySpan<BufferView> bindings)
    {
        CheckVocabSize(vocabSize);
        commands.Dispatch(pipeline, ((uint)((vocabSize + SliceSize - 1) / SliceSize), 1, 1), new SamplePush((uint)vocabSize), bindings);
    }

    public static void CheckVocabSize(int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabSize, MaxVocabSize);
    }
}
