using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RandomWeightsPush(uint Chunks, uint ChunksPerRow, uint Columns, uint Seed);

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RandomBlocksPush(
    uint Words, uint ScaleWords, uint Seed, uint Period, uint RandomScales, uint Scale0, uint Scale1, uint Scale2, uint Scale3,
    uint Scale4);

/// <summary>
/// Fills a matrix with seeded random weights of standard deviation near 0.02 (shaders/synthetic/random_weights.comp, random_blocks.comp),
/// for measuring without a file. Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class RandomWeightsKernel
{
    internal const int WorkgroupSize = 256;
    private const int MaxWorkgroups = 4096;

    private readonly KernelContext _context;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public RandomWeightsKernel(KernelContext context) => _context = context;

    /// <summary>Records the filling; the padding becomes zero.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="matrix">The matrix to fill.</param>
    /// <param name="seed">Equal seeds give equal weights.</param>
    /// <exception cref="ArgumentException">A block format with columns that need padding.</exception>
    public void Record(CommandList commands, WeightMatrix matrix, uint seed)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(matrix);
        var format = WeightFormat.Of(matrix.Type);
        if (format is BlockFormat && matrix.Columns != matrix.KPadded)
        {
            throw new ArgumentException(
                $"random {matrix.Type} weights: expected a multiple of {WeightLayout.ColumnAlignment} columns, got {matrix.Columns}",
                nameof(matrix));
        }

        ComputePipeline pipeline = _context.GetPipeline(Variant(format), SpecializationConstants.From((0, WorkgroupSize)));
        foreach ((int row, WeightMatrix part) in RowSlices.Of(matrix, _context))
        {
            uint words = checked((uint)(part.Quants.Length / 16));
            uint groups = Math.Min(MaxWorkgroups, (words + WorkgroupSize - 1) / WorkgroupSize);
            if (format is BlockFormat blocks)
            {
                RandomBlocksPush push = Push(blocks, words, part.Scales.Length, seed + (uint)row);
                commands.Dispatch(pipeline, (groups, 1, 1), push, [part.Quants, part.Scales]);
            }
            else
            {
                var push = new RandomWeightsPush(
                    words, (uint)WeightLayout.ChunksPerRow(matrix.Type, matrix.Columns), (uint)matrix.Columns, seed + (uint)row);
                commands.Dispatch(pipeline, (groups, 1, 1), push, [part.Quants]);
            }
        }
    }

    internal static string Variant(WeightFormat format) => $"random_weights_{(format is BlockFormat ? "blocks" : format.Name)}";

    private static RandomBlocksPush Push(BlockFormat format, uint words, long scaleBytes, uint seed)
    {
        IReadOnlyList<uint?> scales = format.SyntheticScales;
        uint random = 0;
        for (int i = 0; i < scales.Count; i++)
        {
            random |= scales[i] is null ? 1u << i : 0;
        }

        uint Scale(int index) => scales.ElementAtOrDefault(index) ?? 0;
        return new RandomBlocksPush(
            words, (uint)(scaleBytes / 4), seed, (uint)scales.Count, random, Scale(0), Scale(1), Scale(2), Scale(3), Scale(4));
    }
}
