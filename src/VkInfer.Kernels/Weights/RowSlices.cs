namespace VkInfer.Kernels;

/// <summary>Cuts a matrix that one binding cannot hold into slices of rows, a dispatch each.</summary>
internal static class RowSlices
{
    /// <summary>The slices in order, each with the index of its first row.</summary>
    public static IEnumerable<(int FirstRow, WeightMatrix Part)> Of(WeightMatrix matrix, KernelContext context)
    {
        int most = matrix.MaxRowsPerBinding(context.Capabilities.MaxStorageBufferRange, WeightLayout.SliceRows(matrix.Type));
        for (int row = 0; row < matrix.Rows; row += most)
        {
            yield return (row, matrix.Slice(row, Math.Min(most, matrix.Rows - row)));
        }
    }

    /// <summary>Throws unless one binding holds all experts: which of them a slice would have, only the device knows.</summary>
    public static void RequireWhole(WeightMatrix experts, KernelContext context)
    {
        long range = context.Capabilities.MaxStorageBufferRange;
        if (Math.Max(experts.Quants.Length, experts.Scales.Length) > range)
        {
            throw new NotSupportedException(
                $"experts: {experts.Quants.Length} bytes of weights exceed the device's storage buffer range of {range}");
        }
    }
}
