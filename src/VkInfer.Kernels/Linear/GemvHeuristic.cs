using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Chooses how a matrix-vector product is spread over a device.</summary>
internal static class GemvHeuristic
{
    private const int GpuWorkgroupSize = 512;
    private const int SmallestTile = 1024;

    /// <summary>The spread for a weight format on a device.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="context">The device.</param>
    /// <param name="centred">x has its mean taken off: what fixed point rounds of the mean would be large beside the rest.</param>
    public static GemvTuning Choose(WeightType type, KernelContext context, bool centred = false) => context.IsSoftware
        ? ForProcessor(type, context.Capabilities)
        : ForGpu(type, context.Capabilities, !centred && UsesIntegerDot(type, context));

    /// <summary>The products with a weight format, as <see cref="KernelForms"/> knows them; each has two spreads.</summary>
    public static string Form(WeightType type) => $"gemv_{WeightFormat.Of(type).Name}";

    /// <summary>Those by integer dot products.</summary>
    public static string DotForm(WeightType type) => $"{Form(type)}_dot";

    // A processor runs the lanes of one subgroup in lockstep as SIMD. One row per lane needs no reduction and reads x from
    // uniform addresses, which cost a broadcast instead of a gather; several rows share them. Longer unrolled bodies
    // spill: four loads in flight took twice the time of one.
    private static GemvTuning ForProcessor(WeightType type, DeviceCapabilities capabilities) => new(
        WorkgroupSize: capabilities.SubgroupSize,
        Rows: WeightLayout.IsQuantized(type) ? 8 : 4,
        Unroll: 1,
        Tile: 0);

    // Measured on an H200 over the layers of Llama-2-7B: two rows share each x, and sixteen subgroups each staged x. Q8_0 has the most
    // loads per row, and keeps more of them in flight.
    private static GemvTuning ForGpu(WeightType type, DeviceCapabilities capabilities, bool integerDot)
    {
        var workgroupSize = Math.Min(GpuWorkgroupSize, capabilities.MaxWorkgroupInvocations);
        var tuning = new GemvTuning(workgroupSize, Rows: 2, Unroll: type == WeightType.Q8_0 ? 4 : 2, Tile: 0, integerDot);
        return tuning with { Tile = ChooseTile(tuning, capabilities) };
    }

    // The longest of some that leaves room for a second workgroup.
    private static int ChooseTile(GemvTuning tuning, DeviceCapabilities capabilities)
    {
        var tile = tuning.IntegerDot ? 8192 : 4096;
        while (2 * (tuning with { Tile = tile }).SharedMemoryBytes > capabilities.MaxSharedMemoryBytes && tile > SmallestTile)
        {
            tile /= 2;
        }

        return tile;
    }

    // Blocks are staged by eight neighbouring invocations.
    private static bool UsesIntegerDot(WeightType type, KernelContext context) =>
        context.Capabilities is { IntegerDotProductAccelerated: true, MinSubgroupSize: >= 8 }
        && !context.Forms.IsLeftOut(DotForm(type)) && ShaderLibrary.Contains($"gemv_store_{WeightFormat.Of(type).Name}_dot");
}
