using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SamplePush(uint VocabSize);

/// <summary>What the samplers share: one workgroup over one row of logits, the step state and the ring.</summary>
internal static class SamplerPipeline
{
    /// <summary>Tokens a sampler's integer sums are safe for.</summary>
    public const int MaxVocabSize = 1 << 18;

    public static ComputePipeline Create(KernelContext context, string variant) => context.GetPipeline(variant, Constants(context));

    public static SpecializationConstants Constants(KernelContext context)
    {
        // One workgroup does all the work: as many lanes as there may be, on a processor no more than it can use.
        int size = context.IsSoftware ? 64 : Math.Min(1024, context.Capabilities.MaxWorkgroupInvocations);
        return SpecializationConstants.From((0, (uint)size));
    }

    public static void Record(CommandList commands, ComputePipeline pipeline, BufferView logits, int vocabSize, BufferView stepState, BufferView ring)
    {
        CheckVocabSize(vocabSize);
        commands.Dispatch(pipeline, (1, 1, 1), new SamplePush((uint)vocabSize), [logits, stepState, ring]);
    }

    public static void CheckVocabSize(int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabSize, MaxVocabSize);
    }
}
