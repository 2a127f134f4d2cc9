using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SamplePush(uint VocabSize, uint List, uint First, uint Row);

/// <summary>What the samplers share: a workgroup per slice of a row of logits.</summary>
internal static class SamplerPipeline
{
    /// <summary>
    /// Tokens a sampler's integer sums are safe for: 32-bit sums of halves of up to 2^13, see <c>shaders/sample/distribution.glsl</c>.
    /// </summary>
    public const int MaxVocabSize = (1 << 19) - 1;

    public const int MaxSlices = (MaxVocabSize + SliceSize - 1) / SliceSize;

    private const int SliceSize = 2048;

    public static ComputePipeline Create(KernelContext context, string variant) =>
        context.GetPipeline(variant, Constants(context.For(Form(variant))));

    /// <summary>The kernel that a shader is part of: those of one draw are spread alike.</summary>
    public static string Form(string variant) => variant.StartsWith("sample", StringComparison.Ordinal) ? "sample" : variant;

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

    public static int Slices(int vocabSize) => (vocabSize + SliceSize - 1) / SliceSize;
}
