using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>The forms of the matrix-vector products: any device can run each of them, whichever it would choose.</summary>
internal static class GemvForms
{
    public const string Lane = "lane";
    public const string Staged = "staged";
    public const string IntegerDot = "integer dot";

    public static readonly string[] All = [Lane, Staged, IntegerDot];

    /// <summary>The device as one that gets this form.</summary>
    public static KernelContext Context(GpuDevice device, string form) => new(device)
    {
        IsSoftware = form == Lane,
        Capabilities =
            device.Capabilities with { IntegerDotProductAccelerated = form == IntegerDot && device.Capabilities.IntegerDotProduct },
    };

    /// <summary>
    /// What the weights meet: the input, or in the form with integer dot products what fixed point keeps of it, which is 16 bits
    /// of the largest of each 32 elements.
    /// </summary>
    public static double[] AsStaged(KernelContext context, WeightType type, double[] input) =>
        GemvHeuristic.Form(type, context) == VectorForm.Fixed ? [.. input.Chunk(FixedPointVector.Block).SelectMany(Round)] : input;

    /// <summary>Both the weights and x are in the reference as the kernel has them, so only the sums round.</summary>
    public static Bound BoundOf(WeightType type) => WeightLayout.IsQuantized(type) ? Bounds.Blocks : Bounds.F32;

    private static double[] Round(double[] block)
    {
        double unit = block.Max(Math.Abs) / 32639;
        return unit == 0 ? block : Array.ConvertAll(block, value => Math.Round(value / unit) * unit);
    }
}
