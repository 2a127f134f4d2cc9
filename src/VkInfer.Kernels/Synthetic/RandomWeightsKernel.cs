using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RandomWeightsPush(uint Chunks, uint ChunksPerRow, uint Columns, uint Seed);

/// <summary>
/// Fills a matrix with seeded random weights of standard deviation near 0.02 (shaders/synthetic/random_weights.comp), for measuring
/// without a file. Thread-safe.
/// </summary>
public sealed class RandomWeightsKernel
{
    internal const int WorkgroupSize = 256;
    private const int MaxWorkgroups = 4096;

    // Uniform bytes deviate by 73.9, uniform nibbles by 4.61.
    private const float Q8Scale = 0.02f / 73.9f;
    private const float Q4Scale = 0.02f / 4.61f;

    private readonly KernelContext _context;

    /// <summary>Creates the kernel for a device.</summary>
    /// <param name="context">The device.</param>
    public RandomWeightsKernel(KernelContext context) => _context = context;

    /// <summary>Records the filling; the padding becomes zero.</summary>
    /// <param name="commands">Where to record.</param>
    /// <param name="matrix">The matrix to fill.</param>
    /// <param name="seed">Equal seeds give equal weights.</param>
    public void Record(CommandList commands, WeightMatrix matrix, uint seed)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(matrix);
        ComputePipeline pipeline = _context.GetPipeline(
            $"random_weights_{WeightNames.Suffix(matrix.Type)}", SpecializationConstants.From((0, WorkgroupSize)));
        int chunksPerRow = WeightLayout.ChunksPerRow(matrix.Type, matrix.Columns);
        foreach ((int row, WeightMatrix part) in RowSlices.Of(matrix, _context))
        {
            uint chunks = checked((uint)((long)part.Rows * chunksPerRow));
            uint groups = Math.Min(MaxWorkgroups, (chunks + WorkgroupSize - 1) / WorkgroupSize);
            var push = new RandomWeightsPush(chunks, (uint)chunksPerRow, (uint)matrix.Columns, seed + (uint)row);
            commands.Dispatch(pipeline, (groups, 1, 1), push, [part.Quants]);
        }

        if (WeightLayout.IsQuantized(matrix.Type))
        {
            uint half = BitConverter.HalfToUInt16Bits((Half)(matrix.Type == WeightType.Q8_0 ? Q8Scale : Q4Scale));
            commands.Fill(matrix.Scales, half | (half << 16));
        }
    }
}
