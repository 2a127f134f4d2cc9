using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Chooses how a matrix-vector product is spread over a device.</summary>
internal static class GemvHeuristic
{
    // Of the shared memory, so that more workgroups than one may be there.
    private const double MostOfSharedMemory = 0.6;

    // Fewer rows than two workgroups of 32 for each core: a subgroup each then keeps more loads under way.
    private const int FewRowsPerCore = 64;

    // A float32 x is read from the caches, whatever the size of a tile.
    private const int NotStaged = 64;

    /// <summary>The spread for a weight format on a device.</summary>
    /// <param name="type">The weights' format.</param>
    /// <param name="rows">Rows of the weights.</param>
    /// <param name="columns">The width of x.</param>
    /// <param name="form">How x is stored.</param>
    /// <param name="context">The device.</param>
    public static GemvTuning Choose(WeightType type, int rows, int columns, VectorForm form, KernelContext context) => context.IsSoftware
        ? ForProcessor(type, context.Capabilities)
        : ForGpu(type, rows, columns, form == VectorForm.Fixed, WeightFormat.Of(type).BesideCodebook(context.Capabilities));

    /// <summary>
    /// Elements of the next product's input that a workgroup completes: a block of fixed point. Of float32 fewer where there would be too
    /// few workgroups, but not so few that their sums of squares are many.
    /// </summary>
    public static int BlockElements(VectorForm next, int rows, DeviceCapabilities capabilities) =>
        next == VectorForm.Float && HasFewRows(rows, capabilities) ? PendingNorm.FewestRows : FixedPointVector.Block;

    private static bool HasFewRows(int rows, DeviceCapabilities capabilities) =>
        rows < FewRowsPerCore * GemmHeuristic.ShaderCores(capabilities);

    /// <summary>The products with a weight format, as <see cref="KernelForms"/> knows them; each has two spreads.</summary>
    public static string FormName(WeightType type) => $"gemv_{WeightFormat.Of(type).Name}";

    /// <summary>Those by integer dot products.</summary>
    public static string DotFormName(WeightType type) => $"{FormName(type)}_dot";

    /// <summary>The form in which a device takes x best for weights of a format.</summary>
    public static VectorForm Form(WeightType type, KernelContext context)
    {
        KernelContext spread = context.For(FormName(type));
        return !spread.IsSoftware && UsesIntegerDot(type, spread) ? VectorForm.Fixed : VectorForm.Float;
    }

    /// <summary>Columns of a fixed-point x that a workgroup stages: all, or parts of equal size that shared memory has room for.</summary>
    private static int Tile(int columns, DeviceCapabilities capabilities)
    {
        const int Multiple = 256;
        int padded = (columns + Multiple - 1) / Multiple * Multiple;
        for (int parts = 1; ; parts++)
        {
            int tile = (padded + (parts * Multiple) - 1) / (parts * Multiple) * Multiple;
            if (tile == Multiple || GemvTuning.TileBytes(tile) <= MostOfSharedMemory * capabilities.MaxSharedMemoryBytes)
            {
                return tile;
            }
        }
    }

    // A processor runs the lanes of one subgroup in lockstep as SIMD. One row per lane needs no reduction and reads x from
    // uniform addresses, which cost a broadcast instead of a gather; several rows share them. Longer unrolled bodies
    // spill: four loads in flight took twice the time of one.
    private static GemvTuning ForProcessor(WeightType type, DeviceCapabilities capabilities) => new(
        WorkgroupSize: capabilities.SubgroupSize,
        Rows: WeightLayout.IsQuantized(type) ? 8 : 4,
        Unroll: 1,
        Tile: 0);

    // Measured on an H200 over the layers of Llama-2-7B (docs/performance-log.md): formats that read more bytes for each x do so for four
    // rows at once, in workgroups that complete a block of 32; the others are best where two workgroups of 512 share what they stage, or of
    // light blocks with many rows four. Four rows of decoded blocks spill (RADV).
    private static GemvTuning ForGpu(WeightType type, int matrixRows, int columns, bool integerDot, DeviceCapabilities capabilities)
    {
        (int size, int rows, int unroll) = WeightLayout.IsQuantized(type)
            ? integerDot && type == WeightType.Q8_0 ? (256, 4, 2)
                : (512, 2, type == WeightType.Q4_0 && !HasFewRows(matrixRows, capabilities) ? 1 : 2)
            : HasFewRows(matrixRows, capabilities) ? (256, 1, 4) : (256, 4, 2);
        return new GemvTuning(
            Math.Min(size, capabilities.MaxWorkgroupInvocations), rows, unroll,
            Tile: integerDot ? Tile(columns, capabilities) : NotStaged, IntegerDot: integerDot);
    }

    // A block is stored by eight neighbouring invocations.
    private static bool UsesIntegerDot(WeightType type, KernelContext context) =>
        context.Capabilities is { IntegerDotProductAccelerated: true, MinSubgroupSize: >= 8 }
        && !context.Forms.IsLeftOut(DotFormName(type)) && ShaderLibrary.Contains($"gemv_store_{WeightFormat.Of(type).Name}_dot");
}
